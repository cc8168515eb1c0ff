import { changedParts, readingSeconds, sha256Hex, shownDigest, shownParts, type DecidedOn } from "@countersign/review-view";
import { inputOf } from "../../usecases/content.ts";
import type { ActionView, Views } from "../../usecases/ports.ts";
import { isRecorded } from "../wire/action-message.ts";
import { oncePer } from "../wire/once-per.ts";

/** What reviewers are shown, by the renderer that every channel uses. */
export const views: Views = {
  digest: (view) => shown(view).digest,
  shown: (view) => shown(view),
  changed: (before, after) => {
    const [old, now] = [sourceOf(before), sourceOf(after)];
    return old === undefined || now === undefined ? [] : changedParts(old, now, sha256Hex);
  },
};

/** Whoever votes has been told this digest by the same view most of the time. */
const shown = oncePer((view: ActionView): ReturnType<Views["shown"]> => {
  const source = sourceOf(view);
  if (source === undefined) return { digest: "", readingSeconds: 0 };
  const parts = shownParts(source, sha256Hex);
  return { digest: shownDigest(source, sha256Hex, parts), readingSeconds: readingSeconds(parts) };
});

/** Without the detour through its message: tests hold it against what reviewers make of that. */
function sourceOf(view: ActionView): DecidedOn | undefined {
  if (!isRecorded(view)) return undefined;
  const { ref, state, contents } = view;
  const { requester, ruling } = state;
  const review = "review" in state ? state.review : undefined;
  return {
    id: ref.id,
    tenant: ref.tenant,
    digest: ruling?.digest ?? "",
    input: inputOf(contents, state.input)?.input,
    bindingContext: ruling?.verdict.bindingContext ?? [],
    requester,
    verdict: ruling?.verdict,
    review: review && { editor: review.editors.at(-1)?.principal },
  };
}
