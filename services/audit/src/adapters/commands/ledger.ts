import { create, toBinary, type MessageInitShape } from "@bufbuild/protobuf";
import { CommandError, type CommandBus, type StreamHandler } from "@countersign/bus";
import {
  FsckRequestSchema,
  FsckResponseSchema,
  RebuildProjectionRequestSchema,
  RebuildProjectionResponseSchema,
  type RebuildSchema,
} from "@countersign/proto/v1/audit_service_pb";
import type { LastCheck } from "../../fsck/last-check.ts";
import { fsck, type FsckParts, type FsckResult } from "../../fsck/fsck.ts";
import type { Check, Finding } from "../../ledger/flaws.ts";
import { CannotFoldError, RebuildUnderWayError, type Comparison, type RebuildParts } from "../../rebuild/compare-projection.ts";
import { comparing } from "../../rebuild/comparing.ts";
import type { Projection } from "../../projections/projection.ts";
import { fetchGrantKeys } from "./grant-keys.ts";
import { ProgressReport } from "./progress.ts";
import { invalidField } from "./unary.ts";
import { streamed } from "./streamed.ts";

/** Checks everything; each flaw is told as it is found. It ends when nobody listens. */
export function fsckEverything(parts: Omit<FsckParts, "voteKeys">, last: LastCheck, commands: Pick<CommandBus, "send">): StreamHandler {
  return streamed(FsckRequestSchema, async function* (_request, signal, caller) {
    const report = new ProgressReport();
    let flaws = 0n;
    for await (const said of withResult(fsck({ ...parts, voteKeys: () => fetchGrantKeys(commands, caller) }))) {
      signal.throwIfAborted();
      if ("result" in said) {
        last.ended({ flaws: Number(flaws), events: said.result.events });
        yield fsckMessage({ case: "result", value: toResult(said.result, flaws) });
      } else if ("flaw" in said) {
        flaws += 1n;
        const { position, kind, detail } = said.flaw;
        yield fsckMessage({ case: "flaw", value: { position: BigInt(position), kind, detail } });
      } else {
        const progress = report.message(said.progress);
        if (progress !== undefined) yield fsckMessage({ case: "progress", value: progress });
      }
    }
  });
}

/** A check for a loop, whose early end is the check's own: it may hold a session of the database. */
async function* withResult<Result>(check: Check<Result>): AsyncGenerator<Finding | { readonly result: Result }> {
  try {
    yield { result: yield* check };
  } catch (error) {
    asRefusal(error);
  }
}

type FsckMessage = NonNullable<MessageInitShape<typeof FsckResponseSchema>["message"]>;

function fsckMessage(message: FsckMessage): Uint8Array {
  return toBinary(FsckResponseSchema, create(FsckResponseSchema, { message }));
}

function toResult({ events, rootHash, compared, unchecked }: FsckResult, flaws: bigint) {
  const projections = compared.map(({ name, position, live }) => toDigest(name, position, live));
  return { events: BigInt(events), rootHash, projections, flaws, unchecked: [...unchecked] };
}

/** Builds one projection, or all, anew beside the live one, compares, and switches. It goes on to its end also when nobody listens any more. */
export function rebuildProjections(parts: RebuildParts, projections: readonly Projection[]): StreamHandler {
  return streamed(RebuildProjectionRequestSchema, async function* ({ name }) {
    const chosen = projections.filter((projection) => name === "" || projection.name === name);
    if (chosen.length === 0) throw invalidField("name", `must be one of ${projections.map((projection) => projection.name).join(", ")}`);
    const report = new ProgressReport();
    for (const projection of chosen) {
      for await (const said of withResult(comparing(parts, projection, { replace: true }))) {
        if ("result" in said) yield rebuildMessage({ case: "rebuild", value: toRebuild(said.result) });
        const progress = "progress" in said ? report.message(said.progress) : undefined;
        if (progress !== undefined) yield rebuildMessage({ case: "progress", value: progress });
      }
    }
  });
}

type RebuildMessage = NonNullable<MessageInitShape<typeof RebuildProjectionResponseSchema>["message"]>;

function rebuildMessage(message: RebuildMessage): Uint8Array {
  return toBinary(RebuildProjectionResponseSchema, create(RebuildProjectionResponseSchema, { message }));
}

function toRebuild({
  name,
  version,
  position,
  live,
  rebuilt,
  identical,
  stateDigest,
  differsAt,
}: Comparison): MessageInitShape<typeof RebuildSchema> {
  return {
    name,
    live: toDigest(name, position, live),
    rebuilt: toDigest(name, position, rebuilt),
    identical,
    version: BigInt(version),
    stateDigest,
    ...(differsAt === undefined ? {} : { differsAt: BigInt(differsAt) }),
  };
}

function asRefusal(error: unknown): never {
  if (error instanceof RebuildUnderWayError) throw new CommandError("ABORTED", "LOST_RACE", error.message, { cause: error });
  if (error instanceof CannotFoldError) throw new CommandError("FAILED_PRECONDITION", "WRONG_STATE", error.message, { cause: error });
  throw error;
}

function toDigest(name: string, position: number, { digest, rows }: Comparison["live"]) {
  return { name, position: BigInt(position), digest, rows: BigInt(rows) };
}
