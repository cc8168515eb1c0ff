import { statusName } from "@countersign/client";
import { ActionStatus, AfterReviewState, type ActionState } from "@countersign/proto/v1/action_pb";
import type { PrincipalRef } from "@countersign/proto/v1/principal_pb";
import { visible, withoutSecrets } from "@countersign/review-view";
import { accountsText } from "./accounts-text.ts";
import { hex, moment } from "./output.ts";

/** Where an action is, as a few lines. */
export function stateText(state: ActionState, grantToken = ""): string {
  const { id, status, version, digest, editedProperties, review, questions, deadline, afterReview } = state;
  const { claim } = review ?? {};
  const rows: [string, string][] = [
    ["action", id],
    ["status", statusName(status)],
    ...becauseRows(state),
    ...(editedProperties === undefined ? [] : [["edited", "by a reviewer; get shows the parameters"] satisfies [string, string]]),
    ...(review === undefined
      ? []
      : [["review", `${review.stage}: ${review.approvals} approvals so far, needs ${review.quorumText}`] satisfies [string, string]]),
    ...unknownRows(review?.unknownCausers),
    ...(claim === undefined
      ? []
      : [["claimed by", `${claim.reviewer?.id ?? "?"} until ${moment(claim.expireTime)}`] satisfies [string, string]]),
    ...questions.map(({ number, author, text }): [string, string] => [
      "question",
      `${number} by ${author?.id ?? "?"}: ${withoutSecrets(text)}`,
    ]),
    ...(deadline === undefined ? [] : [["until", moment(deadline)] satisfies [string, string]]),
    ...(AFTERWARDS[afterReview] ?? []),
    ["digest", hex(digest)],
    ["version", String(version)],
    ...(grantToken === "" ? [] : [["grant token", grantToken] satisfies [string, string]]),
  ];
  return rows.map(([label, text]) => `${label.padEnd(12)}${visible(text).text}`).join("\n");
}

/** Why the answer is no. Nobody but its requester can cancel an action. */
export function becauseRows({ status, reasons }: Pick<ActionState, "status" | "reasons">): [string, string][] {
  const why = reasons.map(withoutSecrets);
  const said = status === ActionStatus.CANCELLED ? [["its requester took it back", ...why].join(": ")] : why;
  return said.map((reason) => ["because", reason]);
}

/** While nobody can approve it, whoever waits is told why. */
export function unknownRows(causers: readonly PrincipalRef[] = []): [string, string][] {
  const accounts = accountsText(causers);
  return accounts === "" ? [] : [["unknown", `${accounts}: nobody can approve this until your directory knows who that is`]];
}

const AFTERWARDS: Readonly<Record<AfterReviewState, readonly [string, string][]>> = {
  [AfterReviewState.UNSPECIFIED]: [],
  [AfterReviewState.OPEN]: [["break-glass", "nobody has looked at it yet"]],
  [AfterReviewState.CLOSED]: [["break-glass", "somebody has looked at it"]],
};
