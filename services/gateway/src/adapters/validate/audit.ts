import { EVENT_SCHEMAS } from "@countersign/events";
import type {
  ListDeadLettersRequest,
  RebuildProjectionRequest,
  ReplayDeadLettersRequest,
  StreamEventsRequest,
} from "@countersign/proto/v1/audit_service_pb";
import { checkCount, checkName, checkPage } from "./fields.ts";
import type { Violations } from "./violations.ts";

export function checkStreamEvents(request: StreamEventsRequest, violations: Violations): void {
  checkCount(violations, "from_position", request.fromPosition);
  checkCount(violations, "limit", request.limit);
  if (request.types.length > 64) violations.add("types", "has more than 64 items");
  else {
    for (const [index, type] of request.types.entries()) {
      if (!Object.hasOwn(EVENT_SCHEMAS, type)) violations.add(`types[${index}]`, "is not an event type, such as ActionRequested");
    }
  }
  if (request.streamId !== "") checkName(violations, "stream_id", request.streamId, 128);
}

export function checkRebuildProjection(request: RebuildProjectionRequest, violations: Violations): void {
  if (request.name !== "") checkName(violations, "name", request.name, 128);
}

export function checkListDeadLetters(request: ListDeadLettersRequest, violations: Violations): void {
  checkPage(violations, request);
  if (request.consumer !== "") checkName(violations, "consumer", request.consumer, 128);
}

export function checkReplayDeadLetters(request: ReplayDeadLettersRequest, violations: Violations): void {
  checkName(violations, "consumer", request.consumer, 128);
  if (request.position !== undefined) checkCount(violations, "position", request.position);
}
