import { createMemoryEventLog } from "@countersign/event-log/testing";
import { decodeEvent } from "@countersign/events";
import { silentLogger } from "@countersign/telemetry";
import { expect, it, vi } from "vitest";
import { refusalLog } from "./refusal-log.ts";

const ref = { tenant: "acme", id: "018f0000-0000-7000-8000-000000000000" };
const by = (id: string) => ({ issuer: "https://issuer.example", id });

it("P3: a crowd of one reason, or of reporters, hides no other refusal, and what is left out is logged", async () => {
  const log = createMemoryEventLog({ ledger: "main" });
  const warn = vi.spyOn(silentLogger, "warn");
  const { note } = refusalLog(log, silentLogger);
  const vote = (id: string, reason: string) => note({ kind: "vote", ref, by: by(id), at: 0, reason });
  const report = (id: string, byte: number) => {
    const refused = byte.toString(16).padStart(2, "0").repeat(32);
    return note({ kind: "report", ref, by: by(id), at: 0, outputs: { recorded: "ff".repeat(32), refused } });
  };
  for (let index = 0; index < 50; index += 1) {
    await vote(`stranger ${index}`, "NOT_ELIGIBLE");
    await report(`reporter ${Math.floor(index / 5)}`, index % 5);
  }
  // Again, and more of one reporter: nothing new.
  await vote("stranger 0", "NOT_ELIGIBLE");
  await report("reporter 0", 5);
  expect(warn).not.toHaveBeenCalled();
  await vote("stranger 50", "NOT_ELIGIBLE");
  await report("reporter 10", 0);
  expect(warn.mock.calls.map(([about]) => about)).toEqual([
    { action: ref.id, kind: "NOT_ELIGIBLE" },
    { action: ref.id, kind: "report" },
  ]);
  await vote("owner", "SELF_APPROVAL");
  const noted = (await log.readStream({ ...ref, type: "refusal" })).map(decodeEvent);
  expect(noted).toHaveLength(101);
  expect(noted.at(-1)).toMatchObject({ type: "VoteRefused", data: { reviewer: { id: "owner" }, reason: "SELF_APPROVAL" } });
});
