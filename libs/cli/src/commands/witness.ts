import { readFileSync } from "node:fs";
import { once } from "node:events";
import { formatVerifierKey, parsePolicy, parseVerifierKey } from "@countersign/tlog";
import { InvalidArgumentError, type Command } from "commander";
import type { Io } from "../context.ts";
import { UsageError } from "../errors.ts";

type WitnessOptions = {
  readonly dir: string;
  readonly name: string;
  readonly log?: string[];
  readonly policy?: string;
  readonly listen: { readonly host: string; readonly port: number };
};

/** `countersign witness`: somebody else's machine vouches that a log has shown it one history only. */
export function addWitnessCommand(program: Command, io: Io, err: { write(text: string): unknown }): void {
  program
    .command("witness")
    .description("run a witness: cosign checkpoints of logs, each only as the continuation of the last")
    .requiredOption("--dir <dir>", "keeps its key and what it has cosigned")
    .requiredOption("--name <name>", "name of its key, such as witness.example/one")
    .option("--log <vkey...>", "verifier keys of the logs")
    .option("--policy <file>", "takes the logs from the log lines of this file")
    .option("--listen <host:port>", "where to listen for HTTP; default: 127.0.0.1:8080", parseListen, { host: "127.0.0.1", port: 8080 })
    .action(async ({ dir: directory, name, log = [], policy, listen }: WitnessOptions) => {
      const pinned = policy === undefined ? [] : parsePolicy(readFileSync(policy)).logs.map(({ key }) => key);
      const logs = [...log.map(parseVerifierKey), ...pinned];
      if (logs.length === 0) throw new UsageError("name the logs to witness: --log or --policy");
      const { keepWitnessKey, startWitnessServer } = await import("@countersign/witness");
      const key = keepWitnessKey(directory, name);
      const onFault = (error: unknown): void => void err.write(`witness: ${error instanceof Error ? error.message : String(error)}\n`);
      const witness = await startWitnessServer({ ...listen, key, logs, directory, onFault });
      io.out.write(`${formatVerifierKey(key.verifier)}\nlistens at ${witness.url}\n`);
      if (!io.signal.aborted) await once(io.signal, "abort");
      await witness.close();
    });
}

function parseListen(text: string): WitnessOptions["listen"] {
  const [, host, port] = /^(.+):([0-9]{1,5})$/.exec(text) ?? [];
  if (host === undefined || Number(port) > 65_535) throw new InvalidArgumentError("must be host:port");
  return { host: host.replace(/^\[(.*)\]$/, "$1"), port: Number(port) };
}
