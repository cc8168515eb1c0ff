import { CommandError } from "@countersign/bus";
import { describe, expect, it } from "vitest";
import { Admission } from "./admission.ts";

const LIMITS = { maxInFlight: 100, maxParked: 100, maxParkedOf: () => 100, maxBytes: 100 };
const reason = (work: () => unknown): string => {
  try {
    work();
    return "none";
  } catch (error) {
    return error instanceof CommandError ? error.reason : String(error);
  }
};

describe("bytes of requests", () => {
  it("are held until the call is over, also while it waits, and are no more than they may be", () => {
    const admission = new Admission(LIMITS);
    const slots = Array.from({ length: 4 }, (_, index) => {
      const slot = admission.enter(25);
      slot.own(`tenant-${index}`);
      slot.park({ abort: () => {} });
      return slot;
    });
    expect(reason(() => admission.enter(1))).toBe("OVERLOADED");
    slots[0]?.leave();
    slots[0]?.leave();
    admission.enter(25).leave();
    expect(reason(() => admission.enter(26))).toBe("OVERLOADED");
  });

  it("are free while it waits, if it forgets its request", () => {
    const admission = new Admission(LIMITS);
    const slots = Array.from({ length: 5 }, () => {
      const slot = admission.enter(25);
      slot.own("tenant");
      slot.hold(0);
      slot.hold(0);
      return slot;
    });
    for (const slot of slots) slot.leave();
    const whole = admission.enter(100);
    expect(reason(() => admission.enter(1))).toBe("OVERLOADED");
    // Of nobody yet.
    whole.hold(0);
    expect(reason(() => admission.enter(100))).toBe("none");
  });

  it("P8: of what is read for a call and not taken yet leave three quarters to the others, and it may go on when there is room", () => {
    const admission = new Admission(LIMITS);
    const [first, second] = [admission.enter(1), admission.enter(1)];
    for (const slot of [first, second]) slot.own("noisy");
    first.hold(20);
    expect(reason(() => second.hold(6))).toBe("OVERLOADED");
    const quiet = admission.enter(0);
    quiet.own("quiet");
    expect(reason(() => quiet.hold(25))).toBe("none");
    first.hold(2);
    expect(reason(() => second.hold(23))).toBe("none");
    for (const slot of [first, second, quiet]) slot.leave();
    expect(reason(() => admission.enter(100))).toBe("none");
  });

  it("P8: of one owner leave three quarters to the others", () => {
    const admission = new Admission(LIMITS);
    const first = admission.enter(20);
    first.own("noisy");
    const second = admission.enter(6);
    expect(reason(() => second.own("noisy"))).toBe("OVERLOADED");
    second.leave();
    admission.enter(25).own("quiet");
    first.leave();
    expect(reason(() => admission.enter(25).own("noisy"))).toBe("none");
  });
});
