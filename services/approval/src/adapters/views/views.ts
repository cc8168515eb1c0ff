import {
  changedParts,
  readingSeconds,
  sha256Hex,
  shownDigest,
  shownParts,
  toReviewSource,
  type ReviewSource,
} from "@countersign/review-view";
import { inputOf } from "../../usecases/content.ts";
import type { ActionView, Views } from "../../usecases/ports.ts";
import { isRecorded, toActionMessage } from "../wire/action-message.ts";

/** What reviewers are shown, by the renderer that every channel uses. */
export const views: Views = {
  digest: (view) => {
    const source = sourceOf(view);
    return source === undefined ? "" : shownDigest(source, sha256Hex);
  },
  shown: (view) => {
    const source = sourceOf(view);
    if (source === undefined) return { digest: "", readingSeconds: 0 };
    const parts = shownParts(source, sha256Hex);
    return { digest: shownDigest(source, sha256Hex, parts), readingSeconds: readingSeconds(parts) };
  },
  changed: (before, after) => {
    const [old, now] = [sourceOf(before), sourceOf(after)];
    return old === undefined || now === undefined ? [] : changedParts(old, now, sha256Hex);
  },
};

/** The message carries the input as bytes that are encoded already; here it is wanted as it is. */
function sourceOf(view: ActionView): ReviewSource | undefined {
  if (!isRecorded(view)) return undefined;
  return { ...toReviewSource(toActionMessage(view)), input: inputOf(view.contents, view.state.input)?.input };
}
