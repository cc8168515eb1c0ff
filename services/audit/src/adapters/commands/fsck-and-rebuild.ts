import type { MessageInitShape } from "@bufbuild/protobuf";
import type { CommandBus, StreamHandler } from "@countersign/bus";
import {
  FsckRequestSchema,
  FsckResponseSchema,
  RebuildProjectionRequestSchema,
  RebuildProjectionResponseSchema,
  type RebuildSchema,
} from "@countersign/proto/v1/audit_service_pb";
import type { LastCheck } from "../../fsck/last-check.ts";
import { fsck, type FsckParts, type FsckResult } from "../../fsck/fsck.ts";
import type { Comparison, RebuildParts } from "../../rebuild/compare-projection.ts";
import { comparing } from "../../rebuild/comparing.ts";
import type { Projection } from "../../projections/projection.ts";
import { fetchGrantKeys } from "./grant-keys.ts";
import { ProgressReport } from "./progress.ts";
import { invalidField } from "./unary.ts";
import { streamed, withResult } from "./streamed.ts";

/** Checks everything; each flaw is told as it is found. It ends when nobody listens. */
export function fsckEverything(parts: Omit<FsckParts, "voteKeys">, last: LastCheck, commands: Pick<CommandBus, "send">): StreamHandler {
  return streamed(FsckRequestSchema, FsckResponseSchema, async function* (_request, signal, caller) {
    const report = new ProgressReport();
    let flaws = 0n;
    for await (const said of withResult(fsck({ ...parts, voteKeys: () => fetchGrantKeys(commands, caller) }))) {
      signal.throwIfAborted();
      if ("result" in said) {
        last.ended({ flaws: Number(flaws), events: said.result.events });
        yield { message: { case: "result" as const, value: toResult(said.result, flaws) } };
      } else if ("flaw" in said) {
        flaws += 1n;
        const { position, kind, detail } = said.flaw;
        yield { message: { case: "flaw" as const, value: { position: BigInt(position), kind, detail } } };
      } else {
        const progress = report.message(said.progress);
        if (progress !== undefined) yield { message: { case: "progress" as const, value: progress } };
      }
    }
  });
}

function toResult({ events, rootHash, compared, unchecked }: FsckResult, flaws: bigint) {
  const projections = compared.map(({ name, position, live }) => toDigest(name, position, live));
  return { events: BigInt(events), rootHash, projections, flaws, unchecked: [...unchecked] };
}

/** Builds one projection, or all, anew beside the live one, compares, and switches. It goes on to its end also when nobody listens any more. */
export function rebuildProjections(parts: RebuildParts, projections: readonly Projection[]): StreamHandler {
  return streamed(RebuildProjectionRequestSchema, RebuildProjectionResponseSchema, async function* ({ name }) {
    const chosen = projections.filter((projection) => name === "" || projection.name === name);
    if (chosen.length === 0) throw invalidField("name", `must be one of ${projections.map((projection) => projection.name).join(", ")}`);
    const report = new ProgressReport();
    for (const projection of chosen) {
      for await (const said of withResult(comparing(parts, projection, { replace: true }))) {
        if ("result" in said) yield { message: { case: "rebuild" as const, value: toRebuild(said.result) } };
        const progress = "progress" in said ? report.message(said.progress) : undefined;
        if (progress !== undefined) yield { message: { case: "progress" as const, value: progress } };
      }
    }
  });
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

function toDigest(name: string, position: number, { digest, rows }: Comparison["live"]) {
  return { name, position: BigInt(position), digest, rows: BigInt(rows) };
}
