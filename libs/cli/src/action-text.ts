import { statusName } from "@countersign/client";
import type { Action } from "@countersign/proto/v1/action_pb";
import type { ActionSummary } from "@countersign/proto/v1/action_service_pb";
import { visible } from "@countersign/review-view";
import { hex, moment, table } from "./output.ts";

/** An action as a few lines. */
export function actionText(action: Action, grantToken = ""): string {
  const { input, verdict, grant } = action;
  const rows: [string, string][] = [
    ["action", action.id],
    ["status", statusName(action.status)],
    ["what", `${input?.action?.name ?? "(erased)"} on ${input?.resource?.type ?? "?"} ${input?.resource?.id ?? "?"}`],
    ["by", action.requester?.id ?? ""],
    ["verdict", verdict === undefined ? "none yet" : `${verdict.rule === "" ? "no rule" : verdict.rule} (revision ${verdict.revision})`],
    ...(verdict?.reasons ?? []).map((reason): [string, string] => ["because", reason]),
    ["digest", hex(action.digest)],
    ["version", String(action.version)],
    ...(grant === undefined ? [] : [["grant until", moment(grant.expireTime)] satisfies [string, string]]),
    ...(grantToken === "" ? [] : [["grant token", grantToken] satisfies [string, string]]),
  ];
  return rows.map(([label, text]) => `${label.padEnd(12)}${visible(text).text}`).join("\n");
}

/** Actions as a table. */
export function actionsTable(actions: readonly ActionSummary[]): string {
  return table(
    ["ACTION", "STATUS", "WHAT", "RESOURCE", "BY", "REQUESTED"],
    actions.map((action) => [
      action.id,
      statusName(action.status),
      action.actionName,
      `${action.resourceType}:${action.resourceId}`,
      action.requester?.id ?? "",
      action.requestTime,
    ]),
  );
}

/** Reviews as a table. */
export function reviewsTable(reviews: readonly ActionSummary[]): string {
  return table(
    ["ACTION", "WHAT", "RESOURCE", "BY", "GROUPS", "VOTES", "DEADLINE"],
    reviews.map((review) => [
      review.id,
      review.actionName,
      `${review.resourceType}:${review.resourceId}`,
      review.requester?.id ?? "",
      review.reviewGroups.join(","),
      `${review.approvals}/${review.quorum}`,
      review.reviewDeadline,
    ]),
  );
}
