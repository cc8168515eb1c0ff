import type { ReviewView } from "./review-view.ts";

/**
 * Why nobody is asked to decide now, and who can still do something about it; undefined: people are asked.
 * @param command how the reader calls the command line client.
 */
export function whyNothingToDecide(
  { status, afterReviewOpen, decide, actionId }: Pick<ReviewView, "status" | "afterReviewOpen" | "decide" | "actionId">,
  command = "countersign",
): string | undefined {
  if (decide !== undefined) return undefined;
  if (afterReviewOpen) return `One person approved it alone: say whether that was right, ${command} close-after-review ${actionId}`;
  if (status === "edited") return "Nothing is to be decided until its requester has accepted the edited form.";
  if (status === "approved")
    return `It may run once. Until it does, a reviewer of the last stage can take that back: ${command} reject ${actionId} --reason "..."`;
  return "Nothing is to be decided any more.";
}
