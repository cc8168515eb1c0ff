import { create } from "@bufbuild/protobuf";
import { PrincipalSchema, PrincipalType } from "@countersign/proto/v1/principal_pb";
import { silentLogger } from "@countersign/telemetry";
import { cardSeal } from "../../../../services/notifier/src/adapters/card-seal.ts";
import { browserState } from "../../../../services/notifier/src/adapters/page/browser-state.ts";
import { pageRoutes, type PageDeps } from "../../../../services/notifier/src/adapters/page/page-routes.ts";
import { reviewLinks } from "../../../../services/notifier/src/adapters/page/review-links.ts";
import { sampleReview } from "../../../../services/notifier/src/testing/sample-review.ts";
import { json, jsonOf, must, type Target } from "../engine/target.ts";

const BASE = "https://review.example";
const SECRET = "the secret of the page, long enough";
const SESSION = "session-of-alice";
const clock = (): Date => new Date(Date.UTC(2026, 2, 1));
const [links, state, seal] = [reviewLinks(BASE, SECRET, clock), browserState(SECRET, clock), cardSeal(SECRET)];
const link = links.urlOf({ tenant: "acme", actionId: sampleReview.id, personId: "" }).split("link=")[1] ?? "";
const token = state.formToken(SESSION, link);
const card = seal.seal({
  channel: "page",
  tenant: "acme",
  actionId: sampleReview.id,
  digest: sampleReview.digest,
  version: 3,
  shownDigest: "cd".repeat(32),
});

const headers = { cookie: `__Host-countersign=${SESSION}`, "content-type": "application/x-www-form-urlencoded", origin: BASE };
const post = (route: string, fields: Readonly<Record<string, string>>) => [route, "", headers, new URLSearchParams(fields).toString()];
const get = (route: string, query: Readonly<Record<string, string>>) => [
  `GET ${route}`,
  new URLSearchParams(query).toString(),
  headers,
  "",
];

/** What browsers ask of the page where people decide, and the forms that they send there: route, query, headers, body. */
export const reviewPageForms: Target = {
  name: "review-page",
  kind: "json",
  refusals: [],
  words: [
    "/review",
    "GET /review",
    "GET /sign-in",
    "GET /signed-in/id.example",
    "/sign-out",
    link,
    token,
    card,
    "link=",
    "token=",
    "card=",
    "&",
    "strong=1",
    "decision=edit",
    "properties=%7B%7D",
    "__Host-countersign=",
    "; ",
    "sec-fetch-site",
    "cross-site",
    "__Host-countersign-sign-in=",
  ],
  prepare: async () => {
    const attempt = await state.sealAttempt({ tenant: "acme", state: "s", nonce: "n", verifier: "v", link });
    const signingIn = { cookie: `__Host-countersign-sign-in=${attempt}` };
    return {
      seeds: json(
        get("/review", { link }),
        post("/review", { link, token, card, decision: "approve", reason: "fine" }),
        post("/review", { link, token, card, decision: "edit", reason: "less", properties: '{"limit": 5}' }),
        get("/sign-in", { link, strong: "1" }),
        ["GET /signed-in/id.example", "code=c&state=s", signingIn, ""],
        post("/sign-out", { link, token }),
      ),
      run: answerOf(pageRoutes(deps)),
    };
  },
};

function answerOf(routes: ReturnType<typeof pageRoutes>) {
  return async (input: Uint8Array): Promise<string | undefined> => {
    const given = jsonOf(input);
    const [name, query, sent, body] = Array.isArray(given) ? (given as unknown[]) : [];
    const route = typeof name === "string" ? routes.get(name) : undefined;
    if (route === undefined) return undefined;
    const {
      status,
      html = "",
      headers: said,
    } = await route({ url: `/x?${text(query)}`, headers: textsOf(sent), body: Buffer.from(text(body)) });
    must(status >= 200 && status < 504 && status !== 500, "a browser is answered with an odd status");
    must(
      !Object.values(said ?? {})
        .flat()
        .some((value) => /[\r\n]/.test(value)),
      "a header holds a line break",
    );
    must(!html.includes("<script"), "a page holds a script");
    return html;
  };
}

const text = (value: unknown): string => (typeof value === "string" ? value : "");

/** Header lines are Latin-1 without line breaks: more does not come through Node.js. */
function textsOf(value: unknown): Readonly<Record<string, string>> {
  const entries = Object.entries(typeof value === "object" && value !== null ? value : {});
  return Object.fromEntries(entries.map(([name, one]) => [name.toLowerCase(), text(one).replaceAll(/[^\t\x20-\x7e\xa0-\xff]/g, "?")]));
}

const alice = create(PrincipalSchema, {
  tenant: "acme",
  type: PrincipalType.HUMAN,
  issuer: "https://id.example",
  id: "alice",
  roles: ["reviewer"],
});

const deps: PageDeps = {
  base: BASE,
  links,
  signIn: {
    paths: ["/signed-in/id.example"],
    begin: async (tenant, to) => ({
      url: `https://id.example/authorize`,
      attempt: { tenant, state: "s", nonce: "n", verifier: "v", link: to },
    }),
    end: async (_, answer) => {
      if (answer.searchParams.get("state") !== "s") throw new Error("another state");
      return "id-token";
    },
    whoIs: async () => alice,
  },
  sessions: { add: async () => {}, find: async (session) => (session === SESSION ? "id-token" : undefined), end: async () => {} },
  state,
  seal,
  read: async () => ({ source: sampleReview, ineligible: "", unknown: [], mayReject: true, mayEdit: true }),
  vote: async (_, shown, decision) => {
    must(shown.actionId === sampleReview.id, "a vote is about another action");
    must(decision.kind !== "edit" || Object.getPrototypeOf(decision.properties) === Object.prototype, "an edit is no plain object");
    return { outcome: "recorded" };
  },
  directory: {
    resolvePerson: async () => ({ managed: false }),
    listReviewers: async () => ({ managed: false }),
  },
  clock,
  logger: silentLogger,
};
