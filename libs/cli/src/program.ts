import { CountersignError } from "@countersign/client";
import { visible } from "@countersign/review-view";
import { Command, CommanderError } from "commander";
import { addActionCommands } from "./commands/action.ts";
import { addAuditCommands } from "./commands/audit.ts";
import { addDiscussionCommands } from "./commands/discussion.ts";
import { addEraseCommand } from "./commands/erase.ts";
import { addPeopleCommands } from "./commands/people.ts";
import { addEvidenceCommands } from "./commands/evidence.ts";
import { addMcpCommand } from "./commands/mcp.ts";
import { addNotifierCommands } from "./commands/notifiers.ts";
import { addPolicyCommands } from "./commands/policy.ts";
import { addProofCommands } from "./commands/proof.ts";
import { addReportCommands } from "./commands/report.ts";
import { addReviewCommands } from "./commands/review.ts";
import { addWitnessCommand } from "./commands/witness.ts";
import type { Io } from "./context.ts";
import { AnswerIsNo, UsageError } from "./errors.ts";
import { optionDescription } from "./help.ts";
import { developmentToken, type SessionOptions } from "./session.ts";

/** As the shell says it of a program that SIGINT ended. */
const INTERRUPTED = 130;

/**
 * Runs one command line and returns the exit code: 0 done, 1 refused, failed or answered with no, 2 wrong usage, 130 interrupted, which also ends what would go
 * on for ever. Human-readable tables by default, ProtoJSON with `--json`.
 */
export async function run(args: readonly string[], io: Io, err: { write(text: string): unknown }): Promise<number> {
  try {
    await createProgram(io, err).parseAsync(args, { from: "user" });
    return io.signal.aborted ? INTERRUPTED : 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (io.signal.aborted && !(error instanceof AnswerIsNo)) return INTERRUPTED;
    err.write(`${explain(error)}\n`);
    return error instanceof UsageError ? 2 : 1;
  }
}

export function createProgram(io: Io, err: { write(text: string): unknown }): Command {
  const program = new Command("countersign")
    .description("Approval for exactly one action.")
    .option("--address <host:port>", "the gRPC front door; default: COUNTERSIGN_ADDRESS, or else the npm start that runs here")
    .option("--token <token>", "bearer token; default: COUNTERSIGN_TOKEN")
    .option("--token-file <file>", "holds the token, and is read before every call; default: COUNTERSIGN_TOKEN_FILE")
    .option("--as <name>", "a development principal, for example data-owner")
    .option("--mfa", "with --as and token: signed in with a second factor")
    .option("--ca-file <file>", "trust this CA, and use TLS to this machine as well; to any other it always is")
    .option("--data-dir <dir>", "where npm start keeps its data", io.env["COUNTERSIGN_DATA_DIR"] ?? ".countersign")
    .option("--json", "print ProtoJSON")
    .showHelpAfterError("Add --help to see how.")
    .exitOverride()
    .addHelpText("after", "\nExit codes: 0 done, 1 refused, failed or answered with no, 2 wrong usage, 130 interrupted.")
    .configureHelp({ optionDescription, showGlobalOptions: true })
    .configureOutput({ writeOut: (text) => io.out.write(text), writeErr: (text) => err.write(text) });
  program
    .command("token")
    .description("print a development principal's token")
    .argument("<name>")
    .action(async (name: string) => {
      io.out.write(`${await developmentToken(name, program.opts<SessionOptions>())}\n`);
    });
  addActionCommands(program, io);
  addReviewCommands(program, io);
  addDiscussionCommands(program, io);
  addPeopleCommands(program, io);
  addEraseCommand(program, io);
  addPolicyCommands(program, io);
  addAuditCommands(program, io);
  addNotifierCommands(program, io);
  addMcpCommand(program, io);
  addProofCommands(program, io);
  addEvidenceCommands(program, io);
  addReportCommands(program, io);
  addWitnessCommand(program, io, err);
  return program;
}

function explain(error: unknown): string {
  if (!(error instanceof CountersignError)) return visible(error instanceof Error ? error.message : String(error)).text;
  const { code, reason, message, violations, metadata } = error;
  const what = visible(`${reason === "" || reason === code ? code : `${code} ${reason}`}: ${message}`).text;
  const where = code === "UNAVAILABLE" && reason === "" ? ["Is Countersign running there?"] : [];
  // One violation alone is the message already.
  const fields = violations.filter(({ field, description }) => message !== `${field} ${description}`);
  const more = [
    ...fields.map(({ field, description }) => [field, description]),
    ...Object.entries(metadata).filter(([, value]) => value !== ""),
  ];
  return [what, ...where, ...more.map(([name, value]) => `  ${visible(`${name}: ${value}`).text}`)].join("\n");
}
