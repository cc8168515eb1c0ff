import type { DecodedEvent, DirectoryEvent } from "@countersign/events";
import type { ExportFormat } from "@countersign/proto/v1/export_format_pb";
import { describeDirectoryEvent } from "./describe-directory.ts";
import { formatName } from "./export-format.ts";
import { plainText } from "./plain-text.ts";
import { reference, since, until, type Said } from "./who-and-when.ts";

type Operation =
  | Extract<
      DecodedEvent,
      {
        type:
          | "PolicyPublished"
          | "PolicyActivated"
          | "DeadLettersReplayed"
          | "DeadLetterDiscarded"
          | "EpochStarted"
          | "TilesRepaired"
          | "ContentErased"
          | "VoteRefused"
          | "ReportRefused"
          | "ExportRequested"
          | "ExportProduced";
      }
    >
  | DirectoryEvent;

/** What happened to policies, exports, deliveries and the ledger itself, or in the directory. */
export function describeOperation(event: Operation, said: Said): string {
  switch (event.type) {
    case "PolicyPublished":
      return `policy revision ${event.data.revision} published`;
    case "PolicyActivated":
      return `policy revision ${event.data.revision} came into force`;
    case "DeadLettersReplayed":
      return `${event.data.positions.length} dead letters of ${plainText(event.data.consumer)} were handed out again`;
    case "DeadLetterDiscarded":
      return `the dead letter of ${plainText(event.data.consumer)} at position ${event.data.position} was given up${said(event.data.reason)}`;
    case "EpochStarted":
      return `epoch ${event.data.epoch} of the ledger began, as nothing could be signed: ${plainText(event.data.refusal)}`;
    case "TilesRepaired":
      return `${event.data.tiles.length} damaged tiles of epoch ${event.data.epoch} were computed again from the entries`;
    case "ContentErased":
      return `${event.data.digests.length} contents${event.data.personId === "" ? "" : ` of person ${plainText(event.data.personId)}`} were erased${said(event.data.reason)}`;
    case "VoteRefused":
      return `a vote of ${reference(event.data.reviewer)} on action ${plainText(event.data.actionId)} was refused: ${plainText(event.data.reason)}`;
    case "ReportRefused":
      return `another report by ${reference(event.data.reporter)} on action ${plainText(event.data.actionId)} was refused: one is on record`;
    case "ExportRequested":
      return `${exportName(event.data.format)} was asked for${since(event.data.from)}${until(event.data.to)}`;
    case "ExportProduced":
      return `${exportName(event.data.format)} of ${event.data.events} events was handed out, SHA-256 ${Buffer.from(event.data.digest).toString("hex")}`;
    default:
      return describeDirectoryEvent(event);
  }
}

function exportName(format: ExportFormat): string {
  const name = formatName(format);
  return name === "archive" ? "an archive" : `an export (${name})`;
}
