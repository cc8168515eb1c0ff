import { EVENT_SCHEMAS } from "@countersign/events";
import type {
  DiscardDeadLetterRequest,
  ExportRequest,
  GetDeadLetterRequest,
  GetProofRequest,
  GetReportRequest,
  ListDeadLettersRequest,
  RebuildProjectionRequest,
  ReplayDeadLettersRequest,
  StreamEventsRequest,
} from "@countersign/proto/v1/audit_service_pb";
import { ExportFormat, ExportFormatSchema } from "@countersign/proto/v1/export_format_pb";
import { checkCount, checkName, checkPage, checkPeriod, checkText, checkTime, checkUuid } from "./fields.ts";
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
  checkCount(violations, "end_position", request.endPosition);
  if (request.startTime !== undefined) checkTime(violations, "start_time", request.startTime);
  if (request.endTime !== undefined) checkTime(violations, "end_time", request.endTime);
  if (request.actor !== undefined) {
    checkName(violations, "actor.issuer", request.actor.issuer, 512);
    checkName(violations, "actor.id", request.actor.id, 256);
  }
  if ((request.subjectType === "") !== (request.subjectId === "")) violations.add("subject_id", "goes with subject_type: both or neither");
  checkText(violations, "subject_type", request.subjectType, { max: 256 });
  checkText(violations, "subject_id", request.subjectId, { max: 256 });
}

export function checkExport(request: ExportRequest, violations: Violations): void {
  const { format, witnessed } = request;
  checkPeriod(violations, request);
  if (ExportFormatSchema.value[format] === undefined) violations.add("format", "is not one of ExportFormat");
  if (witnessed && format > ExportFormat.ARCHIVE) violations.add("witnessed", "goes with an archive: other formats hold no checkpoint");
}

export function checkGetReport(request: GetReportRequest, violations: Violations): void {
  checkPeriod(violations, request);
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

export function checkGetDeadLetter(request: GetDeadLetterRequest, violations: Violations): void {
  checkName(violations, "consumer", request.consumer, 128);
  checkCount(violations, "position", request.position);
}

export function checkDiscardDeadLetter(request: DiscardDeadLetterRequest, violations: Violations): void {
  checkName(violations, "consumer", request.consumer, 128);
  checkCount(violations, "position", request.position);
  checkText(violations, "reason", request.reason, { min: 1, max: 4096 });
}

export function checkGetProof({ event }: GetProofRequest, violations: Violations): void {
  switch (event.case) {
    case "eventId":
      return checkUuid(violations, "event_id", event.value);
    case "actionVersion":
      checkUuid(violations, "action_version.action_id", event.value.actionId);
      checkCount(violations, "action_version.version", event.value.version);
      if (event.value.version === 0n) violations.add("action_version.version", "must be 1 or more");
      return;
    case "position":
      return checkCount(violations, "position", event.value);
    case undefined:
      violations.add("event", "is required: event_id, action_version or position");
  }
}
