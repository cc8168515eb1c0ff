import { createHash } from "node:crypto";
import { moment, whyNothingToDecide, type ReviewView } from "@countersign/review-view";
import { cardText, subjectOf } from "../card-sections.ts";
import { escapeHtml, sectionsHtml, unlinkedHtml } from "../html.ts";

const STYLE = `:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;overflow-wrap:anywhere;background:Canvas;color:CanvasText}
h1{font-size:1.3rem}h2{font-size:1rem}.title{font-size:1.1rem;font-weight:bold}.line{margin:0 0 0 4ch;text-indent:-4ch;white-space:pre-wrap;unicode-bidi:isolate;direction:ltr}
.facts,.parameters,.claims,.comments,.naming{margin:.8rem 0;padding:.6rem;border-left:4px solid #777;font-family:ui-monospace,monospace;font-size:.9rem}
.parameters{border-color:#06c}.claims,.comments{border-color:#c60;background:rgb(204 102 0/6%)}
.said{padding:.6rem;border:1px solid #c60}textarea{scroll-margin-top:4rem;width:100%;box-sizing:border-box}button{font:inherit;padding:.4rem 1.2rem;margin-right:.8rem}
button[value=approve]{border:2px solid #080}button[value=reject],button[value=take-back]{border:2px solid #c00}details{margin:1rem 0}:focus-visible{outline:3px solid #06c;outline-offset:2px}`;

const STYLE_HASH = createHash("sha256").update(STYLE).digest("base64");

/** Nothing is loaded, nothing runs, nobody frames it, and its forms go nowhere else. */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy": `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'`,
  "referrer-policy": "same-origin",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "cache-control": "no-store",
  "cross-origin-opener-policy": "same-origin",
};

/** What stands on the page of one review. */
export type ReviewPage = {
  readonly view: ReviewView;
  readonly who: string;
  /** What became of the answer that was just given. */
  readonly said: string | undefined;
  /** How long people still have by the clock here; undefined: it was due before, or has no end. */
  readonly left: string | undefined;
  /** Nobody can decide any more, though the log does not say so yet: approval keeps to the deadline, and a timer records it. */
  readonly over: boolean;
  /** Why this person cannot approve now, or take back what was approved; undefined: it can, or nobody has to say why. */
  readonly barred: string | undefined;
  /** What this person can do now. `reject`: also take back what was approved. */
  readonly may: { readonly approve: boolean; readonly reject: boolean; readonly edit: boolean };
  /** Where to sign in with more; undefined: that would not help. */
  readonly stepUp: string | undefined;
  readonly form: {
    readonly link: string;
    readonly token: string;
    readonly card: string;
    /** The parameters as text, and what policy lets be changed of them; undefined: nothing. */
    readonly edit: { readonly properties: string; readonly editable: string } | undefined;
    /** What was typed into the form that was just refused. */
    readonly typed: { readonly decision: string; readonly reason: string } | undefined;
  };
};

export function reviewPage({ view: recorded, who, said, left, over, barred, may, stepUp, form }: ReviewPage): string {
  const view = over ? { ...recorded, decide: undefined } : recorded;
  const card = over ? { ...cardText(view), heading: "The time to decide is over" } : cardText(view);
  const open = view.decide !== undefined;
  const takeBack = view.status === "approved" && may.reject;
  const forms = `${open ? decisionForms(form, may) : ""}${takeBack ? takeBackForm(form) : ""}`;
  return document(
    `${card.heading}: ${subjectOf(card.title)}`,
    `<main><h1>${escapeHtml(card.heading)}</h1>
${said === undefined ? "" : `<p class="said" role="alert" tabindex="-1" autofocus>${escapeHtml(said)}${toTyped(form, forms)}</p>`}
<p class="title line" dir="ltr">${unlinkedHtml(card.title)}</p>
${takeBack ? TAKE_BACK : ""}
${takeBack && !view.afterReviewOpen ? "" : whenHtml(view, left, over)}
${card.edited === undefined ? "" : `<div class="said"><p class="line" dir="ltr">${unlinkedHtml(card.edited)}</p></div>`}
${barred !== undefined && (open || view.status === "approved") ? `<p class="said">${unlinkedHtml(barred)}</p>` : ""}
${stepUp === undefined ? "" : `<p><a href="${escapeHtml(stepUp)}">Sign in with a second factor</a></p>`}
${sectionsHtml(card, "class")}
${forms}
</main><footer><p>Signed in as ${unlinkedHtml(who)}</p>
<form method="post" action="/sign-out">${hidden("link", form.link)}${hidden("token", form.token)}<button>Sign out</button></form></footer>`,
  );
}

/** Where the form of each decision begins to be mended; a rejection that came after the approval in that of taking it back. */
const PLACES: Readonly<Record<string, readonly string[]>> = {
  approve: ["decision"],
  reject: ["decision", "take-back"],
  edit: ["edit"],
  "take-back": ["take-back"],
};

/** From what is read first to what is to be mended, far below it; nothing when that form is offered no more. */
function toTyped({ typed }: ReviewPage["form"], forms: string): string {
  const place = PLACES[typed?.decision ?? ""]?.find((id) => forms.includes(`id="${id}"`));
  return place === undefined ? "" : ` <a href="#${place}">To what you typed</a>`;
}

/** What is left is told as of the moment the page was made: nothing runs here that could count down. */
function whenHtml(view: ReviewView, left: string | undefined, over: boolean): string {
  const { deadline, decide } = view;
  const time = deadline === undefined ? "" : `<time datetime="${escapeHtml(deadline)}">${escapeHtml(moment(new Date(deadline)))}</time>`;
  if (over) return `<p>Nobody can decide it any more: its time was over at ${time}.</p>`;
  if (decide === undefined) return `<p>${escapeHtml(whyNothingToDecide(view, { mayReject: false }) ?? "")}</p>`;
  if (deadline === undefined) return "";
  // Policy may hold a review open beyond its deadline.
  if (left === undefined) return `<p>Still waits for a decision, which was due at ${time}.</p>`;
  return `<p><strong>${escapeHtml(left)}</strong> left to decide, until ${time}.</p>`;
}

function decisionForms(form: ReviewPage["form"], may: ReviewPage["may"]): string {
  const forms = `${may.approve || may.reject ? voteForm(form, may) : ""}${may.edit ? editForm(form) : ""}`;
  return forms === "" ? "" : `<h2 id="decision">Your decision</h2>\n${forms}`;
}

function voteForm(form: ReviewPage["form"], { approve, reject }: ReviewPage["may"]): string {
  const reason = reasonField(approve ? "Reason (a rejection needs one)" : "Reason", typedFor(form, "approve", "reject"), !approve);
  const button = (decision: string, label: string): string => `<button name="decision" value="${decision}">${label}</button>`;
  return `${formStart(form)}${reason}
${approve ? button("approve", "Approve") : ""}${reject ? button("reject", "Reject") : ""}</form>`;
}

function editForm(form: ReviewPage["form"]): string {
  const { edit, typed } = form;
  if (edit === undefined) return "";
  return `<details${typed?.decision === "edit" ? " open" : ""}><summary>Edit the parameters</summary>${formStart(form)}
<p>Policy lets you change: <code>${unlinkedHtml(edit.editable)}</code></p>
<p><label>Parameters<br><textarea id="edit" name="properties" rows="12" spellcheck="false">${escapeHtml(edit.properties)}</textarea></label></p>
${reasonField("Reason", typedFor(form, "edit"), true)}
<button name="decision" value="edit">Ask for this instead</button></form></details>`;
}

const TAKE_BACK = '<p>It may run once. Until it does, you can <a href="#take-back">take that back</a>.</p>';

function takeBackForm(form: ReviewPage["form"]): string {
  return `<h2 id="take-back">Take it back</h2>\n${formStart(form)}${reasonField("Reason", typedFor(form, "take-back", "reject"), true)}
<p><label><input type="checkbox" name="sure" value="yes" required> I take it back: this will not run, nobody can undo that, and whoever still wants it has to ask anew.</label></p>
<button name="decision" value="take-back">Take it back</button></form>`;
}

function formStart({ link, token, card }: ReviewPage["form"]): string {
  return `<form method="post" action="/review">${hidden("link", link)}${hidden("token", token)}${hidden("card", card)}`;
}

/** The reason that was typed for one of these, and for nothing else. */
function typedFor({ typed }: ReviewPage["form"], ...decisions: readonly string[]): string {
  return typed !== undefined && decisions.includes(typed.decision) ? typed.reason : "";
}

function reasonField(label: string, typed: string, required: boolean): string {
  return `<p><label>${label}<br><textarea name="reason" rows="2" maxlength="2000"${required ? " required" : ""}>${escapeHtml(typed)}</textarea></label></p>`;
}

/** Where else to go from a page. */
export type WayOn = { readonly label: string; readonly href: string };

/** For whatever is no review. */
export function plainPage(title: string, text: string, on: WayOn | undefined): string {
  const link = on === undefined ? "" : `<p><a href="${escapeHtml(on.href)}">${escapeHtml(on.label)}</a></p>`;
  return document(title, `<main><h1>${escapeHtml(title)}</h1><p>${unlinkedHtml(text)}</p>${link}</main>`);
}

function hidden(name: string, value: string): string {
  return `<input type="hidden" name="${name}" value="${escapeHtml(value)}">`;
}

function document(title: string, body: string): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="robots" content="noindex">
<title>${escapeHtml(title)}</title><style>${STYLE}</style></head><body>${body}</body></html>`;
}
