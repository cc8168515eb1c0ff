import { CommandError, type CommandHandler } from "@countersign/bus";
import { EventLogError } from "@countersign/event-log";
import {
  RebuildProjectionRequestSchema,
  RebuildProjectionResponseSchema,
  VerifyLedgerRequestSchema,
  VerifyLedgerResponseSchema,
} from "@countersign/proto/v1/audit_service_pb";
import { FlawList } from "../../ledger/flaws.ts";
import { verifyLedger, type LedgerRows } from "../../ledger/verify-ledger.ts";
import {
  CannotFoldError,
  compareProjection,
  RebuildUnderWayError,
  type Comparison,
  type RebuildParts,
} from "../../rebuild/compare-projection.ts";
import type { Projection } from "../../projections/projection.ts";
import { invalidField, unary } from "./unary.ts";

/** Reads the whole ledger, then compares every projection with it. */
export function verifyWholeLedger(rows: LedgerRows, parts: RebuildParts, projections: readonly Projection[]): CommandHandler {
  return unary(VerifyLedgerRequestSchema, VerifyLedgerResponseSchema, async () => {
    const flaws = new FlawList();
    const verified = await verifyLedger(rows, flaws);
    const compared: Comparison[] = [];
    for (const projection of projections) {
      const comparison = await compareOrFlaw(parts, projection, flaws);
      if (comparison !== undefined) compared.push(comparison);
    }
    return {
      events: BigInt(verified.events),
      rootHash: verified.rootHash,
      projections: compared.map(({ name, position, live }) => toDigest(name, position, live)),
      flaws: flaws.list().map(({ position, kind, detail }) => ({ position: BigInt(position), kind, detail })),
    };
  });
}

/** Builds one projection, or all, anew beside the live one, compares, and switches. */
export function rebuildProjections(parts: RebuildParts, projections: readonly Projection[]): CommandHandler {
  return unary(RebuildProjectionRequestSchema, RebuildProjectionResponseSchema, async ({ name }) => {
    const chosen = projections.filter((projection) => name === "" || projection.name === name);
    if (chosen.length === 0) throw invalidField("name", `must be one of ${projections.map((projection) => projection.name).join(", ")}`);
    const rebuilds = [];
    for (const projection of chosen) {
      const { position, live, rebuilt, identical } = await compareProjection(parts, projection, { replace: true }).catch(asRefusal);
      rebuilds.push({
        name: projection.name,
        live: toDigest(projection.name, position, live),
        rebuilt: toDigest(projection.name, position, rebuilt),
        identical,
      });
    }
    return { rebuilds };
  });
}

async function compareOrFlaw(parts: RebuildParts, projection: Projection, flaws: FlawList): Promise<Comparison | undefined> {
  try {
    const comparison = await compareProjection(parts, projection, { replace: false });
    const { name, position, live, rebuilt } = comparison;
    const detail = `${name} has ${live.rows} rows, the log folds to ${rebuilt.rows}, and they are not the same`;
    if (!comparison.identical) flaws.add({ position, kind: "PROJECTION", detail });
    return comparison;
  } catch (error) {
    // The log's readers refuse what is corrupt: the flaws found above say where.
    if (!(error instanceof EventLogError && error.code === "corrupt")) return asRefusal(error);
    flaws.add({ position: 0, kind: "PROJECTION", detail: `${projection.name} cannot be folded from a log with these flaws` });
    return undefined;
  }
}

function asRefusal(error: unknown): never {
  if (error instanceof RebuildUnderWayError) throw new CommandError("ABORTED", "LOST_RACE", error.message, { cause: error });
  if (error instanceof CannotFoldError) throw new CommandError("FAILED_PRECONDITION", "WRONG_STATE", error.message, { cause: error });
  throw error;
}

function toDigest(name: string, position: number, { digest, rows }: Comparison["live"]) {
  return { name, position: BigInt(position), digest, rows: BigInt(rows) };
}
