import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { once } from "node:events";
import { silentLogger } from "@countersign/telemetry";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { pagerDutySchedules } from "./pager-duty.ts";

const AT = Date.parse("2026-11-23T12:00:00Z");
const shift = (user: string, schedule: string | null, start: string | null = null, end: string | null = null) => ({
  user: { id: user, type: "user_reference", summary: "somebody", self: `https://api.pagerduty.com/users/${user}` },
  schedule: schedule === null ? null : { id: schedule, type: "schedule_reference", summary: "a schedule" },
  escalation_policy: { id: "PPOLICY", type: "escalation_policy_reference" },
  escalation_level: 1,
  start,
  end,
});

/** Checks what PagerDuty checks, and answers in its form: https://developer.pagerduty.com/api-reference/3a6b910f11050-list-all-of-the-on-calls */
class FakePagerDuty {
  shifts: unknown[] = [];
  readonly requests: URL[] = [];
  behaviour: "answers" | "fails" | "hangs" | "limits" | "talks nonsense" | "redirects" = "answers";
  readonly #server: Server = createServer((request, response) => this.#answer(request, response));

  async listen(): Promise<string> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    const address = this.#server.address();
    return typeof address === "object" && address !== null ? `http://127.0.0.1:${address.port}` : "";
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  #answer({ headers, url = "" }: IncomingMessage, response: ServerResponse): void {
    const asked = new URL(url, "http://fake");
    this.requests.push(asked);
    const reply = (status: number, body: unknown): void =>
      void response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    if (this.behaviour === "hangs") return;
    if (this.behaviour === "redirects") return void response.writeHead(302, { location: "http://127.0.0.1:1/" }).end();
    if (this.behaviour === "fails") return reply(500, { error: { code: 2000, message: "Internal Error" } });
    if (this.behaviour === "limits") return reply(429, { error: { code: 2020, message: "Rate Limit Exceeded" } });
    if (this.behaviour === "talks nonsense") return reply(200, { oncalls: [{ user: {} }] });
    if (headers.authorization !== "Token token=read-only-key") return reply(401, { error: { code: 2006, message: "Unauthorized" } });
    const [since, until] = [Date.parse(asked.searchParams.get("since") ?? ""), Date.parse(asked.searchParams.get("until") ?? "")];
    if (!(since < until) || asked.pathname !== "/oncalls") return reply(400, { error: { code: 2001, message: "Invalid Input Provided" } });
    const [limit, offset] = [Number(asked.searchParams.get("limit")), Number(asked.searchParams.get("offset"))];
    const more = this.shifts.length > offset + limit;
    reply(200, { oncalls: this.shifts.slice(offset, offset + limit), limit, offset, more, total: null });
  }
}

let fake: FakePagerDuty;
let url: string;
let clock: number;
beforeEach(async () => {
  fake = new FakePagerDuty();
  url = await fake.listen();
  clock = 0;
});
afterEach(() => fake.close());

const source = (token = "read-only-key") =>
  pagerDutySchedules({
    url,
    token,
    subdomain: "acme",
    schedules: new Map([
      ["sre-primary", "PSRE"],
      ["dba", "PDBA"],
    ]),
    cacheMs: 30_000,
    timeoutMs: 20_000,
    logger: silentLogger,
    monotonicMs: () => clock,
  });
const untilAsked = () => vi.waitFor(() => expect(fake.requests).toHaveLength(1), { timeout: 20_000, interval: 2 });
const unknown = { shifts: new Map(), unknown: ["sre-primary", "dba"] };

describe("PagerDuty", () => {
  it("says who is on call in which schedule, by the ids of people there", async () => {
    fake.shifts = [shift("PADA", "PSRE"), shift("PBOB", "PDBA"), shift("PEVE", null), shift("PMAX", "POTHER")];
    expect(await source().at(AT)).toEqual({
      shifts: new Map([
        ["sre-primary", [{ account: { channel: "pagerduty", workspace: "acme", id: "PADA" } }]],
        ["dba", [{ account: { channel: "pagerduty", workspace: "acme", id: "PBOB" } }]],
      ]),
      unknown: [],
    });
    expect(fake.requests[0]?.searchParams.getAll("schedule_ids[]")).toEqual(["PSRE", "PDBA"]);
  });

  it("asks once for a while, and still sees a shift end in it", async () => {
    fake.shifts = [
      shift("PADA", "PSRE", "2026-11-23T00:00:00Z", "2026-11-23T12:00:10Z"),
      shift("PBOB", "PSRE", "2026-11-23T12:00:10Z", "2026-11-24T00:00:00Z"),
    ];
    const onCall = source();
    const ids = async (at: number) =>
      (await onCall.at(at)).shifts.get("sre-primary")?.map((name) => ("account" in name ? name.account.id : ""));
    expect([await ids(AT), await ids(AT + 9_999), await ids(AT + 10_000)]).toEqual([["PADA"], ["PADA"], ["PBOB"]]);
    expect(fake.requests).toHaveLength(1);
    clock = 30_000;
    await onCall.at(AT + 29_999);
    expect(fake.requests).toHaveLength(2);
  });

  it("reads all pages", async () => {
    fake.shifts = [...Array.from({ length: 150 }, (_, index) => shift(`P${index}`, "POTHER")), shift("PADA", "PDBA")];
    expect((await source().at(AT)).shifts.get("dba")).toHaveLength(1);
    expect(fake.requests.map(({ searchParams }) => searchParams.get("offset"))).toEqual(["0", "100"]);
  });

  it.each(["fails", "hangs", "limits", "talks nonsense", "redirects"] as const)(
    "P7: when it %s, nobody is on call and the schedules are unknown",
    async (behaviour) => {
      fake.shifts = [shift("PADA", "PSRE")];
      const late = new AbortController();
      const limit = vi.spyOn(AbortSignal, "timeout").mockReturnValueOnce(late.signal);
      const onCall = source();
      fake.behaviour = behaviour;
      if (behaviour === "hangs") void untilAsked().then(() => late.abort(new Error("in time")));
      expect(await onCall.at(AT)).toEqual(unknown);
      expect(await onCall.at(AT + 1)).toEqual(unknown);
      expect(fake.requests).toHaveLength(1);
      expect(limit).toHaveBeenCalledExactlyOnceWith(20_000);
      fake.behaviour = "answers";
      clock = 5000;
      expect((await onCall.at(AT + 2)).unknown).toEqual([]);
    },
  );

  it("P7: an answer that is too old is not used when the next one fails", async () => {
    fake.shifts = [shift("PADA", "PSRE")];
    const onCall = source();
    await onCall.at(AT);
    fake.behaviour = "fails";
    clock = 30_000;
    expect(await onCall.at(AT + 30_000)).toEqual(unknown);
  });

  it("P7: with a wrong key nobody is on call", async () => {
    expect(await source("wrong").at(AT)).toEqual(unknown);
  });
});
