import { CommandError } from "@countersign/bus";
import type { RpcCall } from "@countersign/grpc-kit";
import { readQuotas } from "@countersign/quotas";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Gate } from "./gate.ts";

const UNLIMITED = readQuotas({});
const SETTINGS = {
  limit: { min: 1, max: 1, targetMs: 150 },
  line: { maxWaiting: 100, patienceMs: 5000, standsMs: 500, hurryMs: 300 },
};
const ENTRANT = { tenant: "acme", urgency: "normal", timed: true } as const;

let now: number;
let gate: Gate;
/** Gives back the place of who came in last. */
let end: () => void;
const enter = async (): Promise<string> => {
  const call: Pick<RpcCall, "parked" | "signal" | "occupies"> = {
    parked: false,
    signal: new AbortController().signal,
    occupies: (giveBack) => (end = giveBack),
  };
  try {
    await gate.enter(call, ENTRANT);
    return "in";
  } catch (error) {
    return error instanceof CommandError ? error.reason : "failed";
  }
};
/** Time goes by for timers as for the clock. */
const wait = (ms: number): void => {
  for (let left = ms; left > 0; left -= 10) {
    now += 10;
    vi.advanceTimersByTime(10);
  }
};

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  now = 0;
  gate = new Gate(SETTINGS, UNLIMITED, () => now);
});
afterEach(() => {
  gate.close();
  vi.useRealTimers();
});

describe("gate", () => {
  it("turns away who has waited too long in a line that stands", async () => {
    expect(await enter()).toBe("in");
    const early = enter();
    wait(400);
    const late = enter();
    wait(120);
    expect(await early).toBe("OVERLOADED");
    expect(gate.counts).toEqual({ places: 1, working: 1, waiting: 1 });
    wait(200);
    expect(await late).toBe("OVERLOADED");
  });

  it("hears first what came in while the process stood still", async () => {
    expect(await enter()).toBe("in");
    const next = enter();
    wait(100);
    // A second without a turn: the first thing in it is the timer, and only then what others have sent long ago.
    now += 1000;
    vi.advanceTimersByTime(20);
    end();
    expect(await next).toBe("in");
  });

  it("is not put off by a process that stands still again and again", async () => {
    expect(await enter()).toBe("in");
    const next = enter();
    wait(100);
    for (let turn = 0; turn < 2; turn += 1) {
      now += 1000;
      vi.advanceTimersByTime(20);
    }
    expect(await next).toBe("OVERLOADED");
  });
});
