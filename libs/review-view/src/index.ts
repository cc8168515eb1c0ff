// Any text made harmless; any moment as people read it.
export { moment } from "./moment.ts";
export { visible, type TextNote, type VisibleText } from "./visible-text.ts";
// A review, from the API to a neutral model.
export {
  askedGroups,
  claimAt,
  isUndecided,
  askedStage,
  riskScore,
  type DecidedOn,
  type ReviewSource,
  type PrincipalName,
  type ReviewClaim,
  type ReviewComment,
  type ReviewStage,
} from "./review-source.ts";
export { editableText, readEdited, type EditedProperties } from "./editable-text.ts";
export { InexactJsonError, parseExactJson } from "./exact-json.ts";
export type { JsonObject } from "./json.ts";
export { toReviewSource } from "./to-review-source.ts";
export { renderReview, USUAL_LIMITS, type RenderLimits, type ReviewView } from "./review-view.ts";
export { changedParts, shownDigest } from "./shown-digest.ts";
export { readingSeconds } from "./reading-time.ts";
export { shownParts, type ShownParts } from "./shown-parts.ts";
export type { ShownMembers } from "./shown-members.ts";
export type { ShownText, TextHash } from "./shown-text.ts";
export { sha256Hex } from "./sha256-hex.ts";
// The model as lines of text.
export {
  commentLine,
  COMMENTS_LABEL,
  editedLine,
  needsLine,
  parametersLabel,
  reviewCard,
  textLine,
  type CardStyle,
} from "./review-card.ts";
export { whyNothingToDecide } from "./why-nothing-to-decide.ts";
export { whyRefused } from "./why-refused.ts";
export { withoutSecrets } from "./redaction.ts";
export { colours, plain, type Paint } from "./paint.ts";
