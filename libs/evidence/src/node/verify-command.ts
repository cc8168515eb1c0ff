import { parseArgs } from "node:util";
import { verifyFile, VerifyUsageError } from "./verify-file.ts";

const USAGE = `usage: countersign-verify FILE --key VKEY [--key VKEY] [--policy FILE] [--vote-keys FILE] [--json]

Verifies an evidence archive offline. Exit code 0: no flaw; 1: flaws, each with its position; 2: nothing was verified.
  --key        the log's verifier key, from where you trust it
  --policy     a tlog-policy file: logs, witnesses and quorum
  --vote-keys  a JWK set with the keys of votes
`;

/** Verifies as the command line asks for; `worker` is the module that threads start with. Returns the exit code. */
export async function verifyCommand(worker: URL): Promise<number> {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        key: { type: "string", multiple: true, default: [] },
        policy: { type: "string" },
        "vote-keys": { type: "string" },
        json: { type: "boolean" },
        help: { type: "boolean" },
      },
    });
    const [file, ...more] = positionals;
    if (values.help === true || file === undefined || more.length > 0) {
      process.stderr.write(USAGE);
      return 2;
    }
    const options = {
      file,
      keys: values.key,
      policyFile: values.policy,
      voteKeysFile: values["vote-keys"],
      json: values.json,
      worker,
    };
    return (await verifyFile(options, (text) => process.stdout.write(text))) ? 0 : 1;
  } catch (error) {
    if (!(error instanceof VerifyUsageError || error instanceof TypeError)) throw error;
    process.stderr.write(`${error.message}\n${USAGE}`);
    return 2;
  }
}
