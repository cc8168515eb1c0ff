import { create } from "@bufbuild/protobuf";
import { encodeEvent, EVENT_SCHEMAS } from "@countersign/events";
import { LapseCause, VoteLapsedSchema } from "@countersign/proto/event/v1/action_events_pb";
import type { RunningBuild } from "./running-build.ts";

const { VoteLapsed } = EVENT_SCHEMAS;

/** Makes this process one of an older build: it has never heard of `VoteLapsed`. */
export function becomeOlder(): void {
  Reflect.deleteProperty(EVENT_SCHEMAS, "VoteLapsed");
}

export function becomeNewer(): void {
  Object.assign(EVENT_SCHEMAS, { VoteLapsed });
}

/** What an instance of the newer build appends meanwhile: `VoteLapsed`, behind the third event of a stream. */
export async function newerBuildAppends({ runtime }: RunningBuild, actionId: string, event = LAPSED): Promise<void> {
  const stream = { tenant: "acme", type: "action", id: actionId };
  const { outcome } = await runtime.log.append({ stream, expectedVersion: 3, events: [event], time: new Date() });
  if (outcome !== "appended") throw new Error(`the append ended as ${outcome}`);
}

const reviewer = { issuer: "urn:countersign:development", id: "data-owner" };
const lapsed = create(VoteLapsedSchema, { reviewer, digest: new Uint8Array(32), cause: LapseCause.EDITED });
const LAPSED = encodeEvent({ type: "VoteLapsed", data: lapsed });

/** An event of a known type in a version that is not. */
export const OF_A_LATER_VERSION = { ...LAPSED, schemaVersion: 2 };
