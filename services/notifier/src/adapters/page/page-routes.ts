import { isDeepStrictEqual } from "node:util";
import {
  editableText,
  readEdited,
  renderReview,
  sha256Hex,
  visible,
  whyRefused,
  type RenderLimits,
  type ReviewSource,
} from "@countersign/review-view";
import type { DirectoryClient } from "@countersign/directory-client";
import { PrincipalType, type Principal } from "@countersign/proto/v1/principal_pb";
import type { Logger } from "@countersign/telemetry";
import type { Decision, ShownCard, VoteReply } from "../../usecases/answer.ts";
import { whyRefusedOnPage } from "../answer-text.ts";
import type { PersonsReview, ReadAsPerson } from "../approval/person-reader.ts";
import type { CardSeal } from "../card-seal.ts";
import type { RawAnswer, RawRequest, Route } from "../http/listener.ts";
import type { PageSessions } from "../postgres/page-sessions.ts";
import { attemptCookie, cookie, cookieOf, newSessionId, sessionCookie, type BrowserState } from "./browser-state.ts";
import { PAGE_HEADERS, plainPage, reviewPage, type ReviewPage, type WayOn } from "./page-html.ts";
import type { ReviewLink, ReviewLinks } from "./review-links.ts";
import type { SignIn } from "./sign-in.ts";
import { timeLeft } from "./time-left.ts";

export type PageDeps = {
  /** Public address. */
  readonly base: string;
  readonly links: ReviewLinks;
  readonly signIn: SignIn;
  readonly sessions: PageSessions;
  readonly state: BrowserState;
  readonly seal: CardSeal;
  readonly read: ReadAsPerson;
  readonly vote: (idToken: string, card: ShownCard, decision: Decision) => Promise<VoteReply>;
  readonly directory: DirectoryClient;
  readonly clock: () => Date;
  readonly logger: Logger;
};

/** A page has room for all that will run. */
const LIMITS: RenderLimits = { characters: 8000, members: Infinity, comments: { most: 100, characters: 8000 } };
/** Names this channel in sealed cards. */
const PAGE_CHANNEL = "page";

/** GET shows and signs in, POST decides, and only for whoever is signed in, with a form of that session. */
export function pageRoutes(deps: PageDeps): ReadonlyMap<string, Route> {
  const orSay = (handle: (deps: PageDeps, request: RawRequest) => Promise<RawAnswer>, otherwise: RawAnswer): Route => {
    return (request) => orElse(deps, otherwise, () => handle(deps, request));
  };
  return new Map<string, Route>([
    ["GET /review", orSay(open, page(503, "Not now", NOT_NOW))],
    ["/review", orSay(decide, page(503, "Not now", `No answer came: it may be recorded or not. ${NOT_NOW}`))],
    ["GET /sign-in", orSay(beginSignIn, NO_SIGN_IN)],
    ...deps.signIn.paths.map((path): [string, Route] => [`GET ${path}`, orSay(endSignIn, NO_SIGN_IN)]),
    ["/sign-out", orSay(signOut, page(503, "Not signed out", "You may still be signed in to this page. Try again in a moment."))],
  ]);
}

async function open(deps: PageDeps, request: RawRequest): Promise<RawAnswer> {
  const text = queryOf(request).get("link") ?? "";
  const link = deps.links.open(text);
  if (link === undefined) return badLink();
  return orElse(deps, unshown(text), async () => {
    const visitor = await visitorOf(deps, request, link);
    return visitor === undefined ? redirectToSignIn(deps, link, text, false) : show(deps, visitor, link, text);
  });
}

/** What is said when somebody whom this page asks, approval above all, does not answer. */
async function orElse<Answer>({ logger }: PageDeps, otherwise: RawAnswer, ask: () => Promise<Answer>): Promise<Answer | RawAnswer> {
  try {
    return await ask();
  } catch (err) {
    logger.warn({ err }, "a page cannot be made");
    return otherwise;
  }
}

/** Whoever sent this request, with the session it did so in. */
type Visitor = { readonly session: string; readonly idToken: string; readonly person: Principal };

async function visitorOf(deps: PageDeps, { headers }: RawRequest, { tenant }: ReviewLink): Promise<Visitor | undefined> {
  const session = cookieOf(headers.cookie, sessionCookie(deps)) ?? "";
  const idToken = session === "" ? undefined : await deps.sessions.find(session, tenant);
  const person = idToken === undefined ? undefined : await deps.signIn.whoIs(tenant, idToken);
  return idToken === undefined || person === undefined ? undefined : { session, idToken, person };
}

/** The review, if this person may see it. */
async function reviewFor(deps: PageDeps, { person, idToken }: Visitor, link: ReviewLink, text: string): Promise<PersonsReview | RawAnswer> {
  const notForYou = (why: string): RawAnswer =>
    page(403, "Not for you", `${why} You are signed in as ${nameOf(person)}.`, asSomebodyElse(text));
  if (person.type !== PrincipalType.HUMAN || !person.roles.includes("reviewer"))
    return notForYou("Reviews are shown to people who are reviewers here.");
  const { tenant, personId, actionId } = link;
  const found = await deps.directory.resolvePerson(tenant, { principal: person }, deps.clock());
  if (found.managed && found.person?.active !== true) return notForYou("The directory does not know you as an active person.");
  if (personId !== "" && found.managed && found.person?.id !== personId)
    return notForYou("This link was sent to somebody else. Use the one that was sent to you.");
  return (await deps.read(tenant, idToken, actionId)) ?? page(404, "Not found", "There is no such review.");
}

/** An answer that changed nothing: why, and the form in which it came. */
type Refused = { readonly said: (now?: ReviewSource) => string; readonly form: URLSearchParams; readonly digest: string };

async function show(deps: PageDeps, visitor: Visitor, link: ReviewLink, text: string, refused?: Refused): Promise<RawAnswer> {
  const { session, person } = visitor;
  const review = await reviewFor(deps, visitor, link, text);
  if ("status" in review) return review;
  const { source, ineligible, mayReject, mayEdit } = review;
  if (refused !== undefined && isMade(refused.form, source, person)) return seeReview(text);
  const view = renderReview(source, sha256Hex, LIMITS);
  const { digest, version, shownDigest } = view;
  const card = deps.seal.seal({ channel: PAGE_CHANNEL, tenant: link.tenant, actionId: link.actionId, digest, version, shownDigest });
  const html = reviewPage({
    view,
    who: nameOf(person),
    said: refused?.said(source),
    left: source.review?.deadline && timeLeft(source.review.deadline.getTime() - deps.clock().getTime()),
    over: source.status === "in review" && ineligible === "NOT_IN_REVIEW",
    barred: ineligible === "" ? undefined : barredBy(review),
    may: { approve: ineligible === "", reject: mayReject, edit: mayEdit },
    stepUp: ineligible === "SIGN_IN_TOO_WEAK" ? signInAnew(text) : undefined,
    form: { link: text, token: deps.state.formToken(session, text), card, edit: editOf(source, refused), typed: typedIn(refused) },
  });
  return { status: refused === undefined ? 200 : 409, html, headers: PAGE_HEADERS };
}

function barredBy({ source, ineligible, unknown, mayReject }: PersonsReview): string | undefined {
  if (source.status === "approved") return MENDABLE.has(ineligible) ? `You cannot take it back now: ${whyRefused(ineligible)}.` : undefined;
  const why = [whyRefused(ineligible, mayReject), ...unknown.map((name) => visible(name).text)].join(": ");
  return mayReject ? `You cannot approve it: ${why}. You can still reject it.` : `You cannot decide here: ${why}.`;
}

/** What keeps somebody from taking back what was approved only for now. */
const MENDABLE = new Set(["SIGN_IN_TOO_WEAK", "DIRECTORY_UNREACHABLE"]);

/** A double click, or a form that was sent again: what this person asks for is what it has made of it already. */
function isMade(form: URLSearchParams, source: ReviewSource, { issuer, id }: Principal): boolean {
  const editor = source.review?.editor;
  if (form.get("decision") !== "edit" || source.status !== "edited" || editor?.issuer !== issuer || editor.id !== id) return false;
  const edited = readEdited(form.get("properties") ?? "", source);
  return !("problem" in edited) && isDeepStrictEqual(edited.properties, source.input?.action.properties);
}

/** What was typed is typed once, unless the parameters are others by now. */
function editOf(source: ReviewSource, refused: Refused | undefined): ReviewPage["form"]["edit"] {
  const properties = editableText(source);
  if (properties === undefined) return undefined;
  const typed = refused?.digest === source.digest ? refused.form.get("properties") : null;
  return { properties: typed ?? properties, editable: visible(source.editable).text };
}

function typedIn(refused: Refused | undefined): ReviewPage["form"]["typed"] {
  if (refused === undefined) return undefined;
  const { form } = refused;
  return { decision: form.get("decision") ?? "", reason: form.get("reason") ?? "" };
}

async function decide(deps: PageDeps, request: RawRequest): Promise<RawAnswer> {
  const asked = await orElse(deps, page(503, "Nothing was decided", NOT_NOW), () => formOf(deps, request));
  if ("status" in asked) return asked;
  const { form, link, text, visitor } = asked;
  const card = deps.seal.open(form.get("card"));
  if (card === undefined || card.channel !== PAGE_CHANNEL || card.tenant !== link.tenant || card.actionId !== link.actionId)
    return page(400, "Nothing was decided", "This form is not one of this review.");
  const nothing = page(503, "Nothing was decided", NOT_NOW, toReview("Open the review again", text));
  const review = await orElse(deps, nothing, () => reviewFor(deps, visitor, link, text));
  if ("status" in review) return review;
  const refused = (said: Refused["said"]): Promise<RawAnswer> =>
    orElse(deps, page(503, "Not now", said(), toReview("Open the review again", text)), () =>
      show(deps, visitor, link, text, { said, form, digest: card.digest }),
    );
  const decision = decisionOf(form, review, card);
  if (typeof decision === "string") return refused(() => `This answer changed nothing: ${decision}.`);
  const reply = await deps.vote(visitor.idToken, card, decision);
  if (reply.outcome === "recorded") return seeReview(text);
  if (reply.outcome === "refused") return refused((now) => `This answer changed nothing: ${whyRefusedOnPage(reply.reason, now?.status)}.`);
  return refused((now) => `No answer came: it may be recorded or not.${now === undefined ? "" : SO_FAR}`);
}

const NOT_NOW = "The review cannot be read at the moment.";
const SO_FAR = " This page shows what is recorded so far: open it again in a moment, and if it still asks you, answer again.";

function decisionOf(form: URLSearchParams, { source, mayReject }: PersonsReview, card: ShownCard): Decision | string {
  const reason = (form.get("reason") ?? "").trim();
  const kind = form.get("decision");
  // For approval a no to what is approved takes it back, which is not what the button of an older page says.
  if (kind === "reject" && source.status === "approved")
    return `${whyRefusedOnPage("WRONG_STATE", "approved")}${mayReject ? ". Whoever wants to take that back says so below" : ""}`;
  if (kind === "approve" || kind === "reject") return { kind, reason };
  if (kind === "take-back")
    return form.get("sure") === "yes" ? { kind: "reject", reason } : "tick the box that says what taking it back means";
  if (kind !== "edit") return "the form names no decision";
  if (source.digest !== card.digest) return whyRefusedOnPage("STALE_DIGEST");
  const edited = readEdited(form.get("properties") ?? "", source);
  return "problem" in edited ? edited.problem : { kind, reason, properties: edited.properties };
}

type SignedForm = { readonly form: URLSearchParams; readonly link: ReviewLink; readonly text: string; readonly visitor: Visitor };

/** A form counts from our own page, in the session that it was made for, and from nowhere else. */
async function formOf(deps: PageDeps, request: RawRequest): Promise<SignedForm | RawAnswer> {
  const { origin, "sec-fetch-site": site = "same-origin", "content-type": type = "" } = request.headers;
  if (!type.startsWith("application/x-www-form-urlencoded")) return page(415, "Nothing was decided", "This is no form of this page.");
  if ((origin !== undefined && origin !== deps.base) || site !== "same-origin")
    return page(403, "Nothing was decided", "The form came from another page.");
  const form = new URLSearchParams(request.body.toString("utf8"));
  const text = form.get("link") ?? "";
  const link = deps.links.open(text);
  if (link === undefined) return badLink();
  const visitor = await visitorOf(deps, request, link);
  if (visitor === undefined) return page(401, "Nothing was decided", "You are not signed in any more.", toReview("Sign in again", text));
  if (!deps.state.isFormToken(form.get("token") ?? "", visitor.session, text))
    return page(403, "Nothing was decided", "The form is not of this session.", toReview("Open the review again", text));
  return { form, link, text, visitor };
}

async function beginSignIn(deps: PageDeps, request: RawRequest): Promise<RawAnswer> {
  const query = queryOf(request);
  const text = query.get("link") ?? "";
  const link = deps.links.open(text);
  return link === undefined ? badLink() : redirectToSignIn(deps, link, text, query.get("strong") === "1");
}

async function redirectToSignIn(deps: PageDeps, link: ReviewLink, text: string, strong: boolean): Promise<RawAnswer> {
  try {
    const { url, attempt } = await deps.signIn.begin(link.tenant, text, strong);
    const sealed = cookie(deps, attemptCookie(deps), await deps.state.sealAttempt(attempt), 600);
    return { status: 303, headers: { ...PAGE_HEADERS, location: url, "set-cookie": sealed } };
  } catch (err) {
    deps.logger.warn({ err, tenant: link.tenant }, "nobody can sign in");
    return NO_SIGN_IN;
  }
}

async function endSignIn(deps: PageDeps, request: RawRequest): Promise<RawAnswer> {
  const attempt = await deps.state.openAttempt(cookieOf(request.headers.cookie, attemptCookie(deps)) ?? "");
  if (attempt === undefined) return page(400, "Not signed in", "The sign-in did not come to an end. Open the link again.");
  try {
    const idToken = await deps.signIn.end(attempt, new URL(request.url, deps.base));
    if ((await deps.signIn.whoIs(attempt.tenant, idToken)) === undefined)
      return page(403, "Not for you", "You have no part in this tenant.", asSomebodyElse(attempt.link));
    const session = newSessionId();
    await deps.sessions.add(session, attempt.tenant, idToken);
    const cookies = [cookie(deps, sessionCookie(deps), session, 43_200), cookie(deps, attemptCookie(deps), "", 0)];
    return {
      status: 303,
      headers: { ...PAGE_HEADERS, location: reviewPath(attempt.link), "set-cookie": cookies },
    };
  } catch (err) {
    deps.logger.warn({ err, tenant: attempt.tenant }, "a sign-in failed");
    return page(400, "Not signed in", "The sign-in did not come to an end.", toReview("Try again", attempt.link));
  }
}

async function signOut(deps: PageDeps, request: RawRequest): Promise<RawAnswer> {
  const asked = await formOf(deps, request);
  if ("status" in asked) return asked;
  await deps.sessions.end(asked.visitor.session);
  const { headers = {}, ...answer } = page(200, "Signed out", "You are signed out of this page.", asSomebodyElse(asked.text));
  return { ...answer, headers: { ...headers, "set-cookie": cookie(deps, sessionCookie(deps), "", 0) } };
}

function queryOf({ url }: RawRequest): URLSearchParams {
  return new URLSearchParams(url.split("?").slice(1).join("?"));
}

function badLink(): RawAnswer {
  return page(404, "This link does not work", "It is not complete, or too old. Use the newest message about the review.");
}

function unshown(text: string): RawAnswer {
  return page(503, "Not now", `${NOT_NOW} What was recorded stays recorded.`, toReview("Try again", text));
}

/** To where the review is: reloading what a browser ends at sends no form again. */
function seeReview(text: string): RawAnswer {
  return { status: 303, headers: { ...PAGE_HEADERS, location: reviewPath(text) } };
}

function page(status: number, title: string, text: string, on?: WayOn): RawAnswer {
  return { status, html: plainPage(title, text, on), headers: PAGE_HEADERS };
}

const NO_SIGN_IN = page(503, "Not now", "Signing in is not possible at the moment.");

const reviewPath = (text: string): string => `/review?link=${encodeURIComponent(text)}`;
const signInAnew = (text: string): string => `/sign-in?strong=1&link=${encodeURIComponent(text)}`;
const toReview = (label: string, text: string): WayOn => ({ label, href: reviewPath(text) });
/** The issuer asks, even somebody whom it knows: else its single sign-on brings the same person back. */
const asSomebodyElse = (text: string): WayOn => ({ label: "Sign in as somebody else", href: signInAnew(text) });
const nameOf = ({ id, issuer }: Principal): string => visible(`${id} (${issuer})`).text;
