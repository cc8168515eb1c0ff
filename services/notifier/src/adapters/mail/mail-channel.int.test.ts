import type { Database } from "@countersign/database";
import type { DirectoryClient, Person } from "@countersign/directory-client";
import { samplePerson } from "@countersign/directory-client/testing";
import { isUndecided, type ReviewSource } from "@countersign/review-view";
import { silentLogger as logger } from "@countersign/telemetry";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { parseChannels } from "../../config.ts";
import type { MailChannelConfig } from "../../channels-file.ts";
import { mailApp, type MailApp } from "../../mail.ts";
import { testMailServer } from "../../testing/mail-server.ts";
import { notifierDatabase, type NotifierDatabase } from "../../testing/notifier-database.ts";
import { sampleDelivery, sampleReview } from "../../testing/sample-review.ts";
import { RetryableDeliveryError, TerminalDeliveryError, type Delivery } from "../../usecases/channel.ts";
import { reviewLinks } from "../page/review-links.ts";

const links = reviewLinks("https://cs.example", "s".repeat(32), () => new Date());
let tables: NotifierDatabase;
let database: Database;
let server: Awaited<ReturnType<typeof testMailServer>>;
let codes: Record<string, number>;
let people: Person[];
let actions: Map<string, ReviewSource>;
const apps: MailApp[] = [];

beforeAll(async () => {
  tables = await notifierDatabase();
  database = tables.superuser;
});
afterAll(() => tables.close());
beforeEach(async () => {
  codes = {};
  people = [person("ada"), person("bob")];
  actions = new Map([[sampleReview.id, sampleReview]]);
  server = await testMailServer((address) => codes[address] ?? 250);
  await database.pool.query("truncate notifier.mail, notifier.collected");
});
afterEach(async () => {
  for (const app of apps.splice(0)) app.close();
  await server.close();
});

function person(id: string, email = `${id}@example.com`): Person {
  return samplePerson({ id, displayName: id, email, groups: ["dpo"] });
}

const directory: DirectoryClient = {
  resolvePerson: async (_tenant, who) => ({
    managed: true,
    person: people.find(({ id }) => ("personId" in who && who.personId === id) || ("principal" in who && who.principal.id === id)),
  }),
  listReviewers: async (tenant, { groups = [] }) =>
    tenant === "unmanaged"
      ? { managed: false }
      : { managed: true, people: people.filter((known) => known.groups.some((group) => groups.includes(group))) },
};

function start(more: object = {}): MailApp {
  const channel = {
    name: "mail",
    kind: "email",
    tenants: "all",
    from: "cs@cs.example",
    host: "127.0.0.1",
    port: server.port,
    security: "none",
  };
  const config = parseChannels(JSON.stringify({ channels: [{ ...channel, ...more }] })).channels[0] as MailChannelConfig;
  const readAction = async (_tenant: string, id: string) => actions.get(id) ?? sampleReview;
  const app = mailApp(config, { ledger: "main", database, directory, links, readAction, clock: () => new Date(), logger });
  apps.push(app);
  return app;
}

const event = (type: Delivery["event"]["type"], id: string, streamVersion = type === "ReviewOpened" ? 3 : 5) => ({
  ...sampleDelivery().event,
  type,
  id,
  streamVersion,
});
const deliver = (app: MailApp, source = sampleReview, change: Partial<Delivery> = {}) =>
  app.channel.deliver(sampleDelivery(source, change), AbortSignal.timeout(20_000));
const to = () => server.mails.flatMap((mail) => mail.to);

describe("mail", () => {
  it("goes to everybody who is asked, each with a link of its own, in text and HTML", async () => {
    await deliver(start());
    expect(to()).toEqual(["ada@example.com", "bob@example.com"]);
    const linkOf = (at: number) =>
      /https:\/\/cs\.example\/review\?link=(\S+)/.exec(server.mails[at]?.parts.get("text/plain") ?? "")?.[1] ?? "";
    expect(links.open(linkOf(0))).toEqual({ tenant: "acme", actionId: sampleReview.id, personId: "ada" });
    expect(links.open(linkOf(1))).toMatchObject({ personId: "bob" });
    expect(server.mails[0]?.parts.get("text/html")).toContain("db<span>.</span>export");
    expect(server.mails[0]?.headers.get("auto-submitted")).toBe("auto-generated");
  });

  it("what follows is in the same thread, for those who were told and nobody else", async () => {
    const app = start();
    await deliver(app);
    people.push(person("eve"));
    await deliver(app, { ...sampleReview, status: "approved", version: 5 }, { event: event("ActionApproved", "e2") });
    expect(to().slice(2)).toEqual(["ada@example.com", "bob@example.com"]);
    const [first, , third] = server.mails;
    expect(third?.headers.get("in-reply-to")).toBe(first?.headers.get("message-id"));
    expect(third?.headers.get("references")).toBe(first?.headers.get("message-id"));
    expect(third?.parts.get("text/plain")).toContain("Since the last message: approved");
  });

  it("the end says so in its subject, once, whatever else is delivered late", async () => {
    const app = start();
    await deliver(app);
    const over = { ...sampleReview, status: "cancelled", version: 6 } as const;
    await deliver(app, over, { event: event("ActionEdited", "e2", 4) });
    await deliver(app, over, { event: event("EditAccepted", "e3", 5) });
    await deliver(app, over, { event: event("ActionCancelled", "e4", 6) });
    expect(to()).toEqual(["ada@example.com", "bob@example.com", "ada@example.com", "bob@example.com"]);
    const [first, , closing] = server.mails;
    expect(closing?.headers.get("subject")).toBe("Re: Review: cancelled: db.export on db crm");
    expect(closing?.headers.get("in-reply-to")).toBe(first?.headers.get("message-id"));
    // What happens after that is news again.
    await deliver(app, { ...over, version: 7 }, { event: event("AfterReviewClosed", "e5", 7) });
    expect(server.mails).toHaveLength(6);
  });

  it("while somebody is looking at it, nobody else is reminded", async () => {
    const app = start();
    await deliver(app);
    const claimant = { issuer: "https://id.example", id: "bob" };
    await deliver(app, { ...sampleReview, version: 5 }, { event: event("ReviewerReminded", "e2"), claimant });
    expect(to().slice(2)).toEqual(["bob@example.com"]);
  });

  it("P4: an attempt after a failure leaves out whom the first one reached", async () => {
    const app = start();
    codes["bob@example.com"] = 451;
    await expect(deliver(app)).rejects.toThrow(RetryableDeliveryError);
    codes = {};
    await deliver(app, sampleReview, { attempt: 2 });
    await deliver(app, sampleReview, { attempt: 3 });
    expect(to()).toEqual(["ada@example.com", "bob@example.com"]);
  });

  it("one refused for good keeps nobody else from theirs; all refused is a failure", async () => {
    codes["ada@example.com"] = 550;
    await deliver(start());
    expect(to()).toEqual(["bob@example.com"]);
    codes["bob@example.com"] = 550;
    await database.pool.query("truncate notifier.mail");
    await expect(deliver(start())).rejects.toThrow("the mail server answered 550");
  });

  it.each([
    "ada@example.com\r\nBcc: eve@evil.example",
    "ada@example.com, eve@evil.example",
    "<eve@evil.example>",
    "ada@ex\u202eample.com",
    "",
  ])("no mail goes to the address %j", async (address) => {
    people = [person("ada", address)];
    await expect(deliver(start())).rejects.toThrow(TerminalDeliveryError);
    expect(server.mails).toEqual([]);
  });

  it("no header comes out of a hostile title", async () => {
    const input = sampleReview.input;
    if (input === undefined) throw new Error("the sample has an input");
    const resource = { ...input.resource, id: "crm\r\nBcc: eve@evil.example\r\n\r\n<b>" };
    await deliver(start(), { ...sampleReview, input: { ...input, resource } });
    expect(server.mails[0]?.headers.get("bcc")).toBeUndefined();
    expect(server.mails[0]?.raw.split("\r\n\r\n")[0]).not.toMatch(/^(?:bcc|<b>)/im);
    expect(to()).toEqual(["ada@example.com", "bob@example.com"]);
  });

  it("P8: a tenant without people in the directory gets no mail, and that fails for good", async () => {
    await expect(deliver(start(), { ...sampleReview, tenant: "unmanaged" })).rejects.toThrow("keeps no people in the directory");
  });

  it("a server that is away is tried again", async () => {
    const app = start();
    await server.close();
    await expect(deliver(app)).rejects.toThrow(RetryableDeliveryError);
  });
});

describe("reviews of little risk", () => {
  const verdict = (points: number) => ({ rule: "r", revision: 1, reasons: [], risk: [{ points, reason: "a reason" }] });
  const review = (id: string, points: number): ReviewSource => ({ ...sampleReview, id, verdict: verdict(points) });
  const digest = { digest: { below: 20, minutes: 0.000_01 } };
  const told = async (app: MailApp, source: ReviewSource) => {
    actions.set(source.id, source);
    await deliver(app, source, { event: event("ReviewOpened", `e-${source.id}`), undecided: isUndecided(source) });
  };

  it("come in one message, without those that were decided meanwhile; the others come at once", async () => {
    people = [person("ada")];
    const app = start(digest);
    await told(app, review("low-1", 5));
    await told(app, review("low-2", 19));
    await told(app, review("gone", 1));
    expect(server.mails).toEqual([]);
    await told(app, review("high", 20));
    await told(app, sampleReview);
    expect(server.mails).toHaveLength(2);
    actions.set("gone", { ...review("gone", 1), status: "cancelled" });
    expect(await app.flush?.()).toBe(1);
    expect(await app.flush?.()).toBe(0);
    const [, , collected] = server.mails;
    expect(collected?.headers.get("subject")).toBe("Reviews needed: 2 of little risk");
    expect(collected?.parts.get("text/plain")?.match(/Open the review: /g)).toHaveLength(2);
    await deliver(app, { ...review("low-1", 5), status: "rejected" }, { event: event("ActionRejected", "e-r") });
    expect(server.mails[3]?.headers.get("in-reply-to")).toBe(collected?.headers.get("message-id"));
  });

  it("wait for the server, and are not lost", async () => {
    people = [person("ada")];
    const app = start(digest);
    await told(app, review("low-1", 5));
    codes["ada@example.com"] = 451;
    expect(await app.flush?.()).toBe(0);
    codes = {};
    await database.pool.query("update notifier.collected set due_at = now()");
    expect(await app.flush?.()).toBe(1);
    expect(to()).toEqual(["ada@example.com"]);
  });
});
