import type { ReviewView } from "./review-view.ts";

/** How the reader calls the command line client, and whether it may reject, where that is known. */
type Reader = { readonly command?: string; readonly mayReject?: boolean };

/** Why nobody is asked to decide now, and who can still do something about it; undefined: people are asked. */
export function whyNothingToDecide(
  {
    status,
    afterReviewOpen,
    reviewed,
    decide,
    actionId,
  }: Pick<ReviewView, "status" | "afterReviewOpen" | "reviewed" | "decide" | "actionId">,
  { command = "countersign", mayReject }: Reader = {},
): string | undefined {
  if (decide !== undefined) return undefined;
  if (afterReviewOpen) return `One person approved it alone: say whether that was right, ${command} close-after-review ${actionId}`;
  if (status === "edited") return "Nothing is to be decided until its requester has accepted the edited form.";
  if (status !== "approved") return "Nothing is to be decided any more.";
  if (!reviewed) return "Policy allowed it without a review. It may run once; until it does, only its requester can take it back.";
  const how = mayReject === false ? "." : `: ${command} reject ${actionId} --reason "..."`;
  return `It may run once. Until it does, ${mayReject === true ? "you" : "a reviewer of the last stage"} can take that back${how}`;
}
