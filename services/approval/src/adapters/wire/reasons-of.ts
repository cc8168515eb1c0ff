import type { RecordedAction } from "../../domain/state.ts";
import { textOf } from "../../usecases/content.ts";
import type { Contents } from "../../usecases/ports.ts";

/** Why the answer is no, as the action and its state tell it; what is erased is left out. */
export function reasonsOf(state: RecordedAction, contents: Contents): readonly string[] {
  if (state.status === "DENIED") return state.ruling.verdict.reasons;
  // Who rejects late takes the grant back.
  if (state.status !== "REJECTED" && state.status !== "REVOKED") return [];
  const rejections = (state.review?.votes ?? []).filter(({ decision, lapsed }) => decision === "reject" && !lapsed);
  return rejections.map(({ reason }) => textOf(contents, reason)).filter((reason) => reason !== "");
}
