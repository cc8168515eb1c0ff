import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Applicant, FairLine, type Urgency } from "./fair-line.ts";

type Call = Applicant & { readonly name: string };

const SETTINGS = { maxWaiting: 1000, patienceMs: 2000, standsMs: 500, hurryMs: 100 };
const call = (tenant: string, urgency: Urgency = "normal", since = 0, name = ""): Call => ({ tenant, urgency, since, name });
const lineOf = (...calls: readonly Call[]): FairLine<Call> => {
  const line = new FairLine<Call>(SETTINGS);
  for (const each of calls) line.join(each);
  return line;
};
const many = (count: number, make: (index: number) => Call): readonly Call[] => Array.from({ length: count }, (_, index) => make(index));
/** Everybody who gets in, when each call is done before the next one is let in. */
function served(line: FairLine<Call>, places = 1): readonly Call[] {
  const order: Call[] = [];
  for (let next = line.next(places); next !== undefined; next = line.next(places)) {
    order.push(next);
    line.done(next);
  }
  return order;
}
const tenants = fc.constantFrom("a", "b", "c", "d");
const urgencies = fc.constantFrom<Urgency>("urgent", "normal");

describe("fair line", () => {
  it("lets a tenant with 50 times the calls not get before the quiet one", () => {
    const line = lineOf(...many(500, () => call("noisy")), ...many(10, () => call("quiet")));
    // In turns: of the first 20 that get in, ten are all that the quiet one has.
    const first = served(line).slice(0, 20);
    expect(first.filter(({ tenant }) => tenant === "quiet")).toHaveLength(10);
  });

  it("gives everybody who wants it the same number of places", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 8 }), urgencies, (places, count, urgency) => {
        const line = new FairLine<Call>(SETTINGS);
        // However loud: the first one wants ten times as many, and calls them urgent.
        for (let tenant = 0; tenant < count; tenant += 1) {
          const loud = tenant === 0;
          for (const each of many(loud ? 400 : 40, () => call(`t${tenant}`, loud ? urgency : "normal"))) line.join(each);
        }
        const working = new Map<string, number>();
        for (let next = line.next(places); next !== undefined; next = line.next(places)) {
          working.set(next.tenant, (working.get(next.tenant) ?? 0) + 1);
        }
        const got = [...working.values()];
        expect(got.reduce((sum, each) => sum + each, 0)).toBe(places);
        expect(Math.max(...got) - Math.min(...got, working.size < count ? 0 : Infinity)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it("lets one tenant have every place while nobody else wants one", () => {
    const line = lineOf(...many(8, () => call("a")));
    for (let place = 0; place < 8; place += 1) expect(line.next(8)).toBeDefined();
    expect(line.next(8)).toBeUndefined();
  });

  it("takes a tenant's votes before its requests, each in the order in which they came", () => {
    const line = lineOf(
      call("a", "normal", 0, "n1"),
      call("a", "urgent", 1, "u1"),
      call("a", "normal", 2, "n2"),
      call("a", "urgent", 3, "u2"),
    );
    expect(served(line).map(({ name }) => name)).toEqual(["u1", "u2", "n1", "n2"]);
  });

  it("takes a vote before requests of others while its tenant has less than its share", () => {
    const line = lineOf(...many(4, () => call("a")), call("b", "urgent"));
    expect(line.next(2)).toMatchObject({ tenant: "b" });
    expect(line.next(2)).toMatchObject({ tenant: "a" });
  });

  it("lets go the newest request of whoever has most waiting when it is full", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(tenants, urgencies), { minLength: 6, maxLength: 60 }), (arrivals) => {
        const line = new FairLine<Call>({ ...SETTINGS, maxWaiting: 5 });
        const waiting: Call[] = [];
        for (const [index, [tenant, urgency]] of arrivals.entries()) {
          const arrived = call(tenant, urgency, index);
          waiting.push(arrived);
          const gone = line.join(arrived);
          if (waiting.length <= 5) {
            expect(gone).toBeUndefined();
            continue;
          }
          if (gone === undefined) throw new Error("nobody had to go");
          const of = (name: string) => waiting.filter((each) => each.tenant === name);
          for (const name of ["a", "b", "c", "d"]) expect(of(gone.tenant).length).toBeGreaterThanOrEqual(of(name).length);
          if (gone.urgency === "urgent") expect(of(gone.tenant).every((each) => each.urgency === "urgent")).toBe(true);
          waiting.splice(waiting.indexOf(gone), 1);
          expect(line.waiting).toBe(5);
        }
      }),
    );
  });

  it("waits in patience for a line that comes and goes, and briefly in one that stands", () => {
    const line = lineOf(...many(2, () => call("a")));
    // Its share, which is all places while it is alone.
    for (let place = 0; place < 2; place += 1) expect(line.next(2)).toBeDefined();
    line.join(call("a", "normal", 1000));
    expect(line.expire(1500, 2)).toEqual([]);
    line.join(call("a", "normal", 1450));
    // The line has stood for longer than 500 ms: who came first has waited too long, and soon so has the next one.
    expect(line.expire(1501, 2)).toMatchObject([{ since: 1000 }]);
    expect(line.expire(1551, 2)).toMatchObject([{ since: 1450 }]);
    line.join(call("a", "normal", 1600));
    expect(line.expire(2100, 2)).toEqual([]);
    expect(line.waiting).toBe(1);
  });

  it("waits in patience for a tenant that has less than its share, however long all stand still", () => {
    const line = lineOf(...many(10, () => call("noisy")));
    for (let place = 0; place < 4; place += 1) expect(line.next(4)).toMatchObject({ tenant: "noisy" });
    line.join(call("quiet", "normal", 100));
    expect(line.expire(2000, 4).every(({ tenant }) => tenant === "noisy")).toBe(true);
    expect(line.waiting).toBe(1);
    expect(line.expire(2101, 4)).toMatchObject([{ tenant: "quiet", since: 100 }]);
  });

  it("keeps count, leaves no place empty while somebody waits, and forgets who is gone", () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant("join" as const), tenant: tenants, urgency: urgencies }),
      fc.record({ do: fc.constantFrom("next" as const, "done" as const, "leave" as const, "expire" as const), at: fc.nat(50) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), fc.integer({ min: 1, max: 6 }), (steps, places) => {
        const line = new FairLine<Call>({ ...SETTINGS, maxWaiting: 10 });
        let waiting: Call[] = [];
        const working: Call[] = [];
        const without = (gone: readonly (Call | undefined)[]) => (waiting = waiting.filter((each) => !gone.includes(each)));
        for (const [now, each] of steps.entries()) {
          if (each.do === "join") {
            const arrived = call(each.tenant, each.urgency, now * 20);
            waiting.push(arrived);
            without([line.join(arrived)]);
          } else if (each.do === "next") {
            const next = line.next(places);
            expect(next === undefined).toBe(waiting.length === 0 || working.length >= places);
            if (next !== undefined) working.push(next);
            without([next]);
          } else if (each.do === "done") {
            const [done] = working.splice(each.at % Math.max(1, working.length), 1);
            if (done !== undefined) line.done(done);
          } else if (each.do === "leave") {
            const gone = waiting[each.at % Math.max(1, waiting.length)] ?? call("a");
            expect(line.leave(gone)).toBe(waiting.includes(gone));
            without([gone]);
          } else without(line.expire(now * 20, places));
          expect([line.waiting, line.working]).toEqual([waiting.length, working.length]);
        }
        for (const each of working) line.done(each);
        expect(served(line)).toHaveLength(waiting.length);
        expect(() => line.done(call("a"))).toThrow(/no call of a/);
      }),
    );
  });
});
