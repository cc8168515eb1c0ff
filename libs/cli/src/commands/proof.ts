import { writeFileSync } from "node:fs";
import {
  leafHash,
  parsePolicy,
  parseProofFile,
  parseVerifierKey,
  TlogError,
  verifyProofFile,
  type TrustPolicy,
  type VerifiedProof,
} from "@countersign/tlog";
import { GetCheckpointResponseSchema, GetProofResponseSchema, StartEpochResponseSchema } from "@countersign/proto/v1/audit_service_pb";
import { type Command, Option } from "commander";
import { globalOptions, withContext, type Io } from "../context.ts";
import { AnswerIsNo, UsageError } from "../errors.ts";
import { createOutput, lines, moment } from "../output.ts";
import { collect, parseCount, readBytes } from "../parse.ts";

/** What proves the log to others: proof, checkpoint, verify-proof; and what a ledger operator does when it cannot be proven any more: ledger new-epoch. */
export function addProofCommands(program: Command, io: Io): void {
  addProof(program, io);
  addVerifyProof(program, io);
  program
    .command("checkpoint")
    .description("the newest signed size and root of the log, and its keys")
    .option("--witnessed", "only one that the witnesses have cosigned")
    .action((options: { witnessed?: boolean }, command: Command) =>
      withContext(command, io, async ({ client, output }) => {
        const reply = await client.audit.getCheckpoint({ witnessed: options.witnessed === true });
        output.message(GetCheckpointResponseSchema, reply, () =>
          [
            lines(reply.checkpoint),
            "",
            `signed ${moment(reply.sealTime)}; keys:`,
            ...reply.verifierKeys.map((key) => `  ${lines(key)}`),
          ].join("\n"),
        );
      }),
    );
  program
    .command("ledger")
    .description("ledger operators: the ledger as a whole, with every tenant's events")
    .command("new-epoch")
    .description("go on with a new tree, when the database contradicts what was signed and no better backup exists")
    .requiredOption("--yes", "I have looked for a better backup")
    .action((_options: object, command: Command) =>
      withContext(command, io, async ({ client, output }) => {
        const reply = await client.audit.startEpoch({}, { timeoutMs: 120_000 });
        output.message(StartEpochResponseSchema, reply, () =>
          [
            `epoch ${reply.epoch} began at position ${reply.position}: ${lines(reply.origin)}`,
            `because ${lines(reply.refusal)}`,
            "tell everybody who verifies; the keys are now:",
            ...reply.verifierKeys.map((key) => `  ${lines(key)}`),
            "the last checkpoint of the old tree, kept in the new one's first entry:",
            lines(reply.previousCheckpoint),
          ].join("\n"),
        );
      }),
    );
}

type ProofOptions = { event?: string; version: bigint; position?: bigint; witnessed?: boolean; out?: string };

function addProof(program: Command, io: Io): void {
  program
    .command("proof")
    .description("prove that an event is in the log, to somebody who was not there")
    .argument("[action-id]", "the action whose event is meant")
    .option("--version <n>", "the version that the event made", parseCount, 1n)
    .addOption(new Option("--event <id>", "any event by its id").conflicts("position"))
    .option("--position <n>", "any event by its place in the ledger", parseCount)
    .option("--witnessed", "against a checkpoint that the witnesses have cosigned")
    .option("--out <file>", "write the proof to this file, and the entry beside it (.entry)")
    .action((actionId: string | undefined, options: ProofOptions, command: Command) =>
      withContext(command, io, async ({ client, output }) => {
        const reply = await client.audit.getProof({ event: namedEvent(actionId, options), witnessed: options.witnessed === true });
        const { out } = options;
        if (out !== undefined) {
          writeFileSync(out, reply.proof);
          writeFileSync(`${out}.entry`, reply.entry);
        }
        output.message(GetProofResponseSchema, reply, () =>
          out === undefined ? lines(reply.proof) : `position ${reply.index}: proof in ${out}, entry in ${out}.entry`,
        );
      }),
    );
}

function namedEvent(actionId: string | undefined, { event, position, version }: ProofOptions) {
  if ([actionId, event, position].filter((name) => name !== undefined).length !== 1)
    throw new UsageError("name one event: an action's id, --event or --position");
  if (event !== undefined) return { case: "eventId", value: event } as const;
  if (position !== undefined) return { case: "position", value: position } as const;
  return { case: "actionVersion", value: { actionId: actionId ?? "", version } } as const;
}

type VerifyOptions = { entry?: string; key: readonly string[]; policy?: string };

function addVerifyProof(program: Command, io: Io): void {
  program
    .command("verify-proof")
    .description("check a proof offline, against a key that you trust")
    .argument("<file>", "the proof (.tlog-proof)")
    .option("--entry <file>", "what the proof is about; default: the file beside it (.entry)")
    .option("--key <vkey>", "the log's verifier key; may be given again; default: those of the policy", collect, [])
    .option("--policy <file>", "keys of log and witnesses, and the quorum (c2sp.org/tlog-policy)")
    .action((file: string, options: VerifyOptions, command: Command) => {
      const output = createOutput(io.out, globalOptions(command).json === true);
      const { index, checkpoint, cosignatures } = verify(file, options);
      output.line(`entry ${index} is in ${lines(checkpoint.origin)}, which had ${checkpoint.size} entries`);
      for (const { key, time = 0 } of cosignatures) output.line(`${lines(key.name)} had seen it at ${moment({ seconds: BigInt(time) })}`);
    });
}

function verify(file: string, options: VerifyOptions): VerifiedProof {
  const policy = trust(options);
  const [proof, entry] = [readBytes(file), readBytes(options.entry ?? `${file}.entry`)];
  try {
    return verifyProofFile(parseProofFile(proof), leafHash(entry), policy);
  } catch (error) {
    if (error instanceof TlogError) throw new AnswerIsNo(`NOT PROVEN: ${error.message} (${error.code})`);
    throw error;
  }
}

function trust(options: VerifyOptions): TrustPolicy {
  try {
    return readTrust(options);
  } catch (error) {
    if (error instanceof TlogError) throw new UsageError(`--key or --policy: ${error.message}`);
    throw error;
  }
}

function readTrust({ key, policy }: VerifyOptions): TrustPolicy {
  const pinned = policy === undefined ? undefined : parsePolicy(readBytes(policy));
  const logs = key.map((text) => ({ key: parseVerifierKey(text), url: undefined }));
  if (pinned === undefined && logs.length === 0) throw new UsageError("say whom you trust: --key or --policy");
  return {
    witnesses: pinned?.witnesses ?? [],
    quorum: pinned?.quorum ?? { kind: "none" },
    logs: logs.length > 0 ? logs : (pinned?.logs ?? []),
  };
}
