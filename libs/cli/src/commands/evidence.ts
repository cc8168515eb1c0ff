import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { once } from "node:events";
import type { WriteStream } from "node:fs";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { ExportResponseSchema, type ExportResponse, type ExportSummary } from "@countersign/proto/v1/audit_service_pb";
import { ExportFormat, ExportFormatSchema } from "@countersign/proto/v1/export_format_pb";
import { create } from "@bufbuild/protobuf";
import { InvalidArgumentError, type Command } from "commander";
import { globalOptions, withContext, type Context, type Io } from "../context.ts";
import { AnswerIsNo, UsageError } from "../errors.ts";
import { hex } from "../output.ts";
import { collect, parsePastMoment } from "../parse.ts";

type ExportOptions = {
  readonly format: ExportFormat;
  readonly out: string;
  readonly from?: Date;
  readonly to?: Date;
  readonly witnessed?: boolean;
};
type VerifyOptions = { readonly key: readonly string[]; readonly policy?: string; readonly voteKeys?: string };

/** Proof for people who do not trust us: export, and verify, which needs no server. */
export function addEvidenceCommands(program: Command, io: Io): void {
  program
    .command("export")
    .description("what happened in a period, for the tenant of the token: an archive that proves it, or lines for another system")
    .requiredOption("--out <file>", "where to")
    .option("--from <time>", "events at this time or later; 5d: five days ago; default: the first event", parsePastMoment)
    .option("--to <time>", "events before this time; 12h: twelve hours ago; default: now", parsePastMoment)
    .option("--format <name>", `one of ${[...FORMATS.keys()].join(", ")}; default: archive`, parseFormat, ExportFormat.ARCHIVE)
    .option("--witnessed", "archives: with a checkpoint that the witnesses have cosigned")
    .action((options: ExportOptions, command: Command) => withContext(command, io, (context) => exportTo(context, options)));
  program
    .command("verify")
    .description("check an archive offline, against a key that you trust; every flaw is printed")
    .argument("<file>")
    .option("--key <vkey>", "the log's verifier key; may be given again", collect, [])
    .option("--policy <file>", "a tlog-policy: whose checkpoints count, and which witnesses must have seen them")
    .option("--vote-keys <file>", "a JWK set with the keys of votes")
    .action(async (file: string, options: VerifyOptions, command: Command) => {
      const { json } = globalOptions(command);
      const pinned = { keys: options.key, policyFile: options.policy, voteKeysFile: options.voteKeys, json };
      // The verifier is large; every other command does without it.
      const { verifyFile, VerifyUsageError } = await import("@countersign/evidence");
      const good = await verifyFile({ file, ...pinned }, (text) => io.out.write(text)).catch((error: unknown) => {
        throw error instanceof VerifyUsageError ? new UsageError(error.message) : error;
      });
      if (!good) throw new AnswerIsNo("the archive does not prove what it says");
    });
}

/** Every format by its name: `OTEL_LOGS` is `otel-logs` here. */
const FORMATS = new Map(
  ExportFormatSchema.values
    .filter(({ number }) => number !== ExportFormat.UNSPECIFIED)
    .map(({ localName, number }) => [localName.toLowerCase().replaceAll("_", "-"), number as ExportFormat]),
);

function parseFormat(name: string): ExportFormat {
  const format = FORMATS.get(name);
  if (format === undefined) throw new InvalidArgumentError(`must be one of ${[...FORMATS.keys()].join(", ")}`);
  return format;
}

async function exportTo({ client, output, signal, command }: Context, { out, from, to, witnessed, format }: ExportOptions): Promise<void> {
  const request = {
    witnessed: witnessed === true,
    format,
    ...(from === undefined ? {} : { from: timestampFromDate(from) }),
    ...(to === undefined ? {} : { to: timestampFromDate(to) }),
  };
  // A file of this name is a whole export, or is not there.
  const partial = `${out}.partial`;
  const file = createWriteStream(partial, { flags: "wx" });
  try {
    await once(file, "open");
    const replies = client.audit.export(request, { signal });
    const summary = await writeAll(replies, file, (reply, human) =>
      output.message(ExportResponseSchema, create(ExportResponseSchema, reply), () => human),
    );
    file.end();
    await once(file, "finish");
    await rename(partial, out);
    output.message(ExportResponseSchema, create(ExportResponseSchema, { summary }), () => done(out, summary, command));
  } catch (error) {
    file.destroy();
    if (!isExists(error)) await rm(partial, { force: true });
    throw isExists(error) ? new UsageError(`${partial} is there already: another export writes it, or one was interrupted`) : error;
  }
}

/** Writes what comes, at the pace of the disk, and tells every second how far it is. */
async function writeAll(
  replies: AsyncIterable<ExportResponse>,
  file: WriteStream,
  report: (reply: Pick<ExportResponse, "progress">, human: string) => void,
): Promise<ExportSummary> {
  let told = Date.now();
  for await (const { chunk, progress, summary } of replies) {
    if (!file.write(chunk)) await once(file, "drain");
    if (summary !== undefined) return summary;
    if (progress === undefined || Date.now() - told < 1000) continue;
    told = Date.now();
    report({ progress }, `${progress.done} of ${progress.total} events, position ${progress.position}`);
  }
  throw new Error("the export ended before its end: nothing was kept");
}

function done(out: string, { events, bytes, digest, checkpointSize, exportId, format }: ExportSummary, command: string): string {
  const recorded = `SHA-256 ${hex(digest)}, recorded in the log as export ${exportId}`;
  if (format !== ExportFormat.ARCHIVE) return `${out}: ${events} events, ${bytes} bytes\n${recorded}`;
  return [
    `${out}: ${events} events, ${bytes} bytes, checkpoint over ${checkpointSize}`,
    recorded,
    `verify it with: ${command} verify ${out} --key KEY, where KEY is the log's as ${command} checkpoint prints it, had from elsewhere`,
  ].join("\n");
}

const isExists = (error: unknown): boolean => error instanceof Error && "code" in error && error.code === "EEXIST";
