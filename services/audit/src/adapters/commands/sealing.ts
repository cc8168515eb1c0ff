import { CommandError, type CommandHandler } from "@countersign/bus";
import { knownEvent } from "@countersign/events";
import type { EventLog, RecordedEvent } from "@countersign/event-log";
import {
  GetCheckpointRequestSchema,
  GetCheckpointResponseSchema,
  GetProofRequestSchema,
  GetProofResponseSchema,
  StartEpochRequestSchema,
  StartEpochResponseSchema,
  type GetProofRequest,
} from "@countersign/proto/v1/audit_service_pb";
import { AwaitSealRequestSchema, AwaitSealResponseSchema } from "@countersign/proto/internal/v1/command_pb";
import type { Principal } from "@countersign/proto/v1/principal_pb";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { Assurance } from "../../sealing/ports.ts";
import { proofFor } from "../../sealing/proof.ts";
import type { Sealing } from "../../sealing/start-sealing.ts";
import { uuidText } from "../events/uuid.ts";
import { checkUuid, invalidField, unary } from "./unary.ts";
import { onlyOwn, requesterOf } from "./viewer.ts";

/** What the handlers stand on; without sealing they say so. */
export type SealingDeps = {
  readonly sealing: Sealing | undefined;
  readonly log: EventLog;
  readonly clock: () => Date;
  /** Finds a tenant's event by its id. */
  positionOf(tenant: string, eventId: string): Promise<number | undefined>;
};

/** Checkpoints, proofs, waiting for them, and new epochs. */
export function sealingHandlers(deps: SealingDeps): Readonly<Record<string, CommandHandler>> {
  return {
    GetCheckpoint: getCheckpoint(deps),
    GetProof: getProof(deps),
    AwaitSeal: awaitSeal(deps),
    StartEpoch: startNewEpoch(deps),
  };
}

function getCheckpoint(deps: SealingDeps): CommandHandler {
  return unary(GetCheckpointRequestSchema, GetCheckpointResponseSchema, async ({ witnessed }) => {
    const sealing = needSealing(deps.sealing);
    const checkpoint = await sealing.store.newest({ assurance: assuranceOf(witnessed) });
    if (checkpoint === undefined) throw new CommandError("NOT_FOUND", "NOT_FOUND", `there is no ${assuranceOf(witnessed)} checkpoint yet`);
    const { note, size, root, time, epoch } = checkpoint;
    return {
      checkpoint: Buffer.from(note).toString("utf8"),
      size: BigInt(size),
      rootHash: root,
      sealTime: timestampFromDate(time),
      verifierKeys: [...sealing.verifierKeys(epoch)],
    };
  });
}

/** P8: the event is looked for in the caller's tenant only; whatever else there is does not exist. */
function getProof(deps: SealingDeps): CommandHandler {
  return unary(GetProofRequestSchema, GetProofResponseSchema, async (request, caller) => {
    const { store } = needSealing(deps.sealing);
    const event = await findEvent(deps, request, caller);
    if (event === undefined) throw new CommandError("NOT_FOUND", "NOT_FOUND", "no such event");
    const proof = await proofFor(store, event, assuranceOf(request.witnessed));
    if (proof === undefined) throw notSealed(`the event is not ${assuranceOf(request.witnessed)} yet`);
    return { proof: Buffer.from(proof).toString("utf8"), entry: event.entry, index: BigInt(event.position) };
  });
}

function awaitSeal(deps: SealingDeps): CommandHandler {
  return unary(AwaitSealRequestSchema, AwaitSealResponseSchema, async ({ actionId, version, witnessed, timeoutMs }, caller) => {
    const { sealing } = deps;
    const event = await seenBy(deps, caller, await versionOf(deps, caller.tenant, actionId, Number(version)));
    if (event === undefined) throw new CommandError("NOT_FOUND", "NOT_FOUND", "no such action");
    return { sealed: sealing !== undefined && (await sealing.awaitSealed(event, assuranceOf(witnessed), timeoutMs)) };
  });
}

function startNewEpoch(deps: SealingDeps): CommandHandler {
  return unary(StartEpochRequestSchema, StartEpochResponseSchema, async (_request, caller) => {
    const sealing = needSealing(deps.sealing);
    const actor = { issuer: caller.issuer, id: caller.id };
    const started = await sealing.startEpoch({ actor, time: deps.clock() });
    return {
      epoch: BigInt(started.epoch),
      origin: started.origin,
      position: BigInt(started.position),
      refusal: `${started.refusal.refusal} at position ${started.refusal.position}: ${started.refusal.message}`,
      previousCheckpoint: Buffer.from(started.previousCheckpoint).toString("utf8"),
      verifierKeys: [...sealing.verifierKeys(started.epoch)],
    };
  });
}

async function findEvent(deps: SealingDeps, { event }: GetProofRequest, caller: Principal): Promise<RecordedEvent | undefined> {
  return seenBy(deps, caller, await namedEvent(deps, event, caller.tenant));
}

/** P8: a requester sees its own actions, and nothing that is no action. */
async function seenBy(deps: SealingDeps, caller: Principal, found: RecordedEvent | undefined): Promise<RecordedEvent | undefined> {
  const own = onlyOwn(caller);
  if (found === undefined || own === undefined) return found;
  const [first] = found.stream.type === "action" ? await deps.log.readStream(found.stream) : [];
  return first !== undefined && requesterOf(knownEvent(first)) === own ? found : undefined;
}

async function namedEvent(deps: SealingDeps, event: GetProofRequest["event"], tenant: string): Promise<RecordedEvent | undefined> {
  switch (event.case) {
    case "eventId":
      checkUuid("event_id", event.value);
      return withId(event.value, await atPosition(deps, tenant, await deps.positionOf(tenant, event.value)));
    case "actionVersion":
      return versionOf(deps, tenant, event.value.actionId, Number(event.value.version));
    case "position":
      return atPosition(deps, tenant, event.value > BigInt(Number.MAX_SAFE_INTEGER) ? undefined : Number(event.value));
    case undefined:
      throw invalidField("event", "must name an event by event_id, action_version or position");
  }
}

/** A column led to it, and what is proved is its entry. */
function withId(id: string, event: RecordedEvent | undefined): RecordedEvent | undefined {
  return event !== undefined && uuidText(event.eventId) === id.toLowerCase() ? event : undefined;
}

async function atPosition({ log }: SealingDeps, tenant: string, position: number | undefined): Promise<RecordedEvent | undefined> {
  const [event] = position === undefined ? [] : await log.readAll({ from: position, limit: 1 });
  return event?.stream.tenant === tenant ? event : undefined;
}

async function versionOf({ log }: SealingDeps, tenant: string, id: string, version: number): Promise<RecordedEvent | undefined> {
  checkUuid("action_id", id);
  if (!Number.isSafeInteger(version) || version < 1) throw invalidField("version", "must be 1 or more");
  const [event] = await log.readStream({ tenant, type: "action", id }, version - 1);
  return event;
}

/** @throws CommandError when nothing is sealed here. */
export function needSealing(sealing: Sealing | undefined): Sealing {
  if (sealing !== undefined) return sealing;
  throw new CommandError("FAILED_PRECONDITION", "WRONG_STATE", "this deployment does not seal its log: COUNTERSIGN_LOG_ORIGIN is not set");
}

const notSealed = (message: string) => new CommandError("UNAVAILABLE", "NOT_SEALED", message);

const assuranceOf = (witnessed: boolean): Assurance => (witnessed ? "witnessed" : "sealed");
