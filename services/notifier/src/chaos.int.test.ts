import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import type { Database } from "@countersign/database";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FAULTS, FakeSlack, FakeTeams, type Fault } from "./testing/index.ts";
import { notifierDatabase, type NotifierDatabase } from "./testing/notifier-database.ts";

/** COUNTERSIGN_CHAOS_REVIEWS=1000 for the long run. */
const REVIEWS = Number(process.env["COUNTERSIGN_CHAOS_REVIEWS"] ?? 25);
const KILLS = Math.max(1, Math.floor(REVIEWS / 15));
const CONVERSATIONS = ["C0A", "C0B"];
const CHILD = new URL("./testing/chaos-child.ts", import.meta.url).pathname;

let tables: NotifierDatabase;
let database: Database;
beforeAll(async () => {
  tables = await notifierDatabase();
  database = tables.superuser;
});
afterAll(() => tables.close());

/** One call in twenty, every kind in turn. */
function faults(): (what: string, call: number) => Fault | undefined {
  return (_what, call) => (call % 20 === 11 ? FAULTS[Math.floor(call / 20) % FAULTS.length] : undefined);
}

function channelsFor(slack: FakeSlack, teams: FakeTeams): string {
  const chat = { tenants: "all", per_second: 100 };
  return JSON.stringify({
    apps: [
      { name: "s", kind: "slack", bot_token: slack.botToken, signing_secret: slack.signingSecret, api_url: slack.apiUrl },
      { name: "t", kind: "teams", app_id: teams.appId, app_password: teams.password, service_url: teams.url, login_url: teams.url },
    ],
    channels: [
      ...CONVERSATIONS.map((conversation) => ({ name: conversation.toLowerCase(), kind: "slack", app: "s", conversation, ...chat })),
      { name: "t0a", kind: "teams", app: "t", conversation: "19:a", ...chat },
    ],
  });
}

/** An event of each review for each channel. */
async function plan(type: "ReviewOpened" | "ActionApproved", version: number): Promise<void> {
  const status = type === "ReviewOpened" ? "in review" : "approved";
  await database.pool.query(
    "insert into public.chaos_action select 'action-' || a, $2, $3 from generate_series(1, $1::int) a on conflict (id) do update set version = excluded.version, status = excluded.status",
    [REVIEWS, version, status],
  );
  await database.pool.query(
    `insert into notifier.delivery (ledger, channel, tenant, action_id, event_id, event_type, position, stream_version, event_time, traceparent)
     select 'main', c, 'acme', 'action-' || a, gen_random_uuid(), $3, $2::int * 100000 + a, $2, now(), ''
     from unnest($4::text[]) c, generate_series(1, $1::int) a`,
    [REVIEWS, version, type, [...CONVERSATIONS.map((conversation) => conversation.toLowerCase()), "t0a"]],
  );
}

const pending = async (): Promise<number> =>
  (await database.pool.query<{ count: number }>("select count(*)::int as count from notifier.delivery where state = 'pending'")).rows[0]
    ?.count ?? 0;

async function until(holds: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
}

describe("notifier, killed again and again", () => {
  it(
    "P4: no notification is lost and none is doubled, with 5% faults and kill -9 in the middle",
    async () => {
      const slack = await new FakeSlack({ fault: faults() }).start();
      const teams = await new FakeTeams(faults()).start();
      const start = (): ChildProcess =>
        spawn(process.execPath, [CHILD, JSON.stringify({ url: tables.url, channels: channelsFor(slack, teams) })], { stdio: "inherit" });
      await database.pool.query("create table public.chaos_action (id text primary key, version int not null, status text not null)");
      await database.pool.query(
        "insert into notifier.channel (ledger, name, kind, target, since_position) select 'main', c, 'chat', c, 0 from unnest($1::text[]) c",
        [["c0a", "c0b", "t0a"]],
      );
      await plan("ReviewOpened", 3);
      let child = start();
      const total = REVIEWS * 3;
      /** Kills it so many times while the deliveries of one round go out. */
      const killWhile = async (kills: number): Promise<void> => {
        for (let kill = 1; kill <= kills; kill += 1) {
          await until(async () => (await pending()) <= total * (1 - kill / (kills + 1)));
          child.kill("SIGKILL");
          await once(child, "exit");
          child = start();
        }
        await until(async () => (await pending()) === 0);
      };
      await killWhile(Math.ceil(KILLS / 2));
      await plan("ActionApproved", 5);
      await killWhile(Math.floor(KILLS / 2));
      child.kill("SIGKILL");
      await once(child, "exit");

      const { rows } = await database.pool.query("select state, count(*)::int from notifier.delivery group by state");
      expect(rows).toEqual([{ state: "delivered", count: total * 2 }]);
      for (const conversation of CONVERSATIONS) {
        const there = slack.messages.filter((message) => message.conversation === conversation);
        expect(there).toHaveLength(REVIEWS);
        expect(new Set(there.map(actionOf)).size).toBe(REVIEWS);
        expect(there.filter(({ text }) => text !== "Review: approved: db.export on db crm")).toEqual([]);
      }
      expect(slack.refused).toEqual([]);
      // Teams can neither be asked what it has nor told to post once: a post that it did not answer may come again, and only such a one.
      const inTeams = teams.activities.map(({ card }) => actionOf(card));
      expect(new Set(inTeams).size).toBe(REVIEWS);
      expect(inTeams.length - REVIEWS).toBeLessThanOrEqual(teams.unanswered + KILLS * USUAL_CONCURRENCY);
      await slack.close();
      await teams.close();
    },
    REVIEWS * 1000 + 120_000,
  );
});

const USUAL_CONCURRENCY = 8;

function actionOf(message: object): string {
  return /action: (action-\d+)/.exec(JSON.stringify(message))?.[1] ?? "";
}
