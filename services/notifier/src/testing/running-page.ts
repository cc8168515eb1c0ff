import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { CommandError, inProcessCommands, type CommandBus } from "@countersign/bus";
import type { DirectoryClient } from "@countersign/directory-client";
import { samplePerson } from "@countersign/directory-client/testing";
import { readIssuers, whoSignedIn, type WhoSignedIn } from "@countersign/identity";
import { GetReviewFromPageRequestSchema, SubmitVoteFromPageRequestSchema } from "@countersign/proto/internal/v1/channel_pb";
import { ActionSchema, ActionStatus, type Action } from "@countersign/proto/v1/action_pb";
import type { Principal } from "@countersign/proto/v1/principal_pb";
import {
  GetReviewResponseSchema,
  SubmitVoteRequestSchema,
  SubmitVoteResponseSchema,
  type SubmitVoteRequest,
} from "@countersign/proto/v1/review_service_pb";
import { silentLogger as logger } from "@countersign/telemetry";
import { freePort } from "@countersign/testing";
import { listen } from "../adapters/http/listener.ts";
import { reviewLinks } from "../adapters/page/review-links.ts";
import { signedInUrl } from "../adapters/page/sign-in.ts";
import { parseChannels } from "../config.ts";
import { pageApp } from "../page.ts";
import { LOGIN_CLIENT, startGreedyIssuer, startLoginProvider } from "./login-provider.ts";
import { notifierDatabase } from "./notifier-database.ts";
import { fieldsOf, TestBrowser } from "./test-browser.ts";

const ID = "0198c5f0-0000-7000-8000-000000000001";
const SECRET = "a secret of thirty-two characters!";
export const ADA = { tenant: "acme", principal_type: "human", groups: ["dpo"], roles: ["reviewer"] };

/** What a test decides, and what reached approval. */
type World = {
  /** Milliseconds by which the clock is ahead. */
  elapsed: number;
  action: Action;
  /** How approval refuses a vote. */
  refusal: CommandError["reason"] | undefined;
  /** Why approval says that nobody may decide. */
  ineligible: string;
  /** What approval says that they may do all the same. */
  mayReject: boolean;
  mayEdit: boolean;
  /** What approval does not answer; what it is told it does all the same. */
  silentOn: "nothing" | "votes" | "votes and reviews" | "reviews";
  /** Whom the directory takes everybody for. */
  personId: string;
  readonly votes: { readonly notifier: Principal | undefined; readonly caller: Principal; readonly vote: SubmitVoteRequest }[];
};

const begin = (): World => ({
  elapsed: 0,
  action: sampleAction("trust me"),
  refusal: undefined,
  ineligible: "",
  mayReject: true,
  mayEdit: true,
  silentOn: "nothing",
  personId: "p-ada",
  votes: [],
});

export type RunningPage = Awaited<ReturnType<typeof startPage>>;

/** The page on a free port, with an issuer for tenant acme, one for tenant other that sends people on, and an approval that a test plays. */
export async function startPage() {
  const world = begin();
  const tables = await notifierDatabase();
  const database = tables.superuser;
  const port = await freePort();
  const base = `http://127.0.0.1:${port}`;
  const provider = await startLoginProvider((issuer) => signedInUrl(base, issuer).href);
  const greedy = await startGreedyIssuer();
  const { page, issuers } = settings(base, port, provider, greedy.issuer);
  const directory: DirectoryClient = {
    resolvePerson: async () => ({ managed: true, person: samplePerson({ id: world.personId }) }),
    listReviewers: async () => ({ managed: false }),
  };
  const clock = () => new Date(Date.now() + world.elapsed);
  const links = reviewLinks(base, SECRET, clock);
  const commands = await playedApproval(world, whoSignedIn(issuers));
  const listener = await listen(
    { host: "127.0.0.1", port },
    pageApp(page, { commands, database, directory, links, clock, logger }),
    logger,
  );
  const linkTo = (change = {}) => links.urlOf({ tenant: "acme", actionId: ID, personId: "", ...change });
  return {
    base,
    provider,
    greedy,
    world,
    link: linkTo,
    /** As it was when it started, and signed out. */
    async beginAgain() {
      Object.assign(world, begin());
      provider.become({ id: "ada", claims: ADA });
      await database.pool.query("truncate notifier.page_session");
    },
    /** A browser in which somebody has opened the link and signed in, with what it shows and the fields of its form. */
    async signedIn() {
      const browser = new TestBrowser();
      const shown = await browser.open(linkTo());
      return { browser, page: shown, fields: fieldsOf(shown.text, "/review") };
    },
    /** While the sessions of browsers cannot be read. */
    async withoutSessions<Result>(work: () => Promise<Result>): Promise<Result> {
      await database.pool.query("alter table notifier.page_session rename to gone");
      try {
        return await work();
      } finally {
        await database.pool.query("alter table notifier.gone rename to page_session");
      }
    },
    async close() {
      await listener.close();
      await provider.close();
      await greedy.close();
      await tables.close();
    },
  };
}

function settings(base: string, port: number, provider: { readonly issuer: string; readonly keysUrl: string }, greedy: string) {
  const issuer = {
    issuer: provider.issuer,
    audience: "urn:front-door",
    jwks: { url: provider.keysUrl },
    tenants: ["acme"],
    signIn: { amr: ["mfa"] },
    signInClients: [LOGIN_CLIENT.id],
  };
  const client = { client_id: LOGIN_CLIENT.id, client_secret: LOGIN_CLIENT.secret, tenants: ["acme"], issuer: provider.issuer };
  const issuers = readIssuers({ COUNTERSIGN_ISSUERS: JSON.stringify([issuer, { ...issuer, issuer: greedy, tenants: ["other"] }]) });
  const { page } = parseChannels(
    JSON.stringify({ page: { url: base, secret: SECRET, sign_in: [client, { ...client, issuer: greedy, tenants: ["other"] }] } }),
    { host: "127.0.0.1", port },
    () => issuers,
  );
  if (page === undefined) throw new Error("there is a page");
  return { page, issuers };
}

const SILENCE = new CommandError("DEADLINE_EXCEEDED", "TIMEOUT", "nobody answers");

async function playedApproval(world: World, verified: WhoSignedIn): Promise<CommandBus> {
  const commands = inProcessCommands({ logger });
  await commands.serve("approval", {
    GetReviewFromPage: async ({ request, caller }) => {
      const { idToken, review } = fromBinary(GetReviewFromPageRequestSchema, request);
      await verified(caller?.tenant ?? "", idToken);
      if (review?.actionId !== ID) throw new CommandError("NOT_FOUND", "NOT_FOUND", "no");
      if (world.silentOn === "reviews") throw SILENCE;
      const { action, ineligible, mayReject, mayEdit } = world;
      const unknownCausers = ineligible === "CAUSER_UNKNOWN" ? [{ issuer: "https://agents.example", id: "<ann\u202e>" }] : [];
      const reply = { action, eligible: ineligible === "", ineligibleReason: ineligible, unknownCausers, mayReject, mayEdit };
      return toBinary(GetReviewResponseSchema, create(GetReviewResponseSchema, reply));
    },
    SubmitVoteFromPage: async ({ caller: notifier, request }) => {
      const { idToken, vote } = fromBinary(SubmitVoteFromPageRequestSchema, request);
      world.votes.push({ notifier, caller: await verified(notifier?.tenant ?? "", idToken), vote: create(SubmitVoteRequestSchema, vote) });
      if (world.silentOn === "votes and reviews") world.silentOn = "reviews";
      if (world.silentOn !== "nothing") throw SILENCE;
      if (world.refusal !== undefined) throw new CommandError("FAILED_PRECONDITION", world.refusal, "no");
      world.action = create(ActionSchema, { ...world.action, status: ActionStatus.APPROVED, version: 5n });
      const { id, status, version } = world.action;
      return toBinary(SubmitVoteResponseSchema, create(SubmitVoteResponseSchema, { action: { id, status, version } }));
    },
  });
  return commands;
}

/** An action in review, in which a requester could say this. */
export function sampleAction(text: string): Action {
  return create(ActionSchema, {
    id: ID,
    tenant: "acme",
    status: ActionStatus.IN_REVIEW,
    version: 3n,
    digest: new Uint8Array(32).fill(0xab),
    input: {
      action: { name: "db.export", properties: { limit: 10, command: text } },
      resource: { type: "db", id: text },
      context: { justification: text },
    },
    review: { stages: [{ name: "data", quorumText: "1 of dpo" }] },
  });
}
