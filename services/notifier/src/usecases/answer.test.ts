import { describe, expect, it } from "vitest";
import { takeAnswer, takeWord, type AnswerPorts, type ShownCard } from "./answer.ts";

const card: ShownCard = { channel: "chat", tenant: "acme", actionId: "a1", digest: "ab", version: 3, shownDigest: "cd" };
const account = { channel: "slack", workspace: "T1", id: "U1" };
const user = { ...account, displayName: "Ada", workspaceName: "acme" };
const approve = { kind: "approve", reason: "" } as const;

function portsOf(change: Partial<AnswerPorts> = {}) {
  const calls: unknown[] = [];
  const ports: AnswerPorts = {
    offerLink: async () => "CODE",
    submitVote: async (...vote) => {
      calls.push(["vote", ...vote]);
      return { outcome: "recorded" };
    },
    discuss: async (...word) => {
      calls.push(["word", ...word]);
      return { outcome: "recorded" };
    },
    refresh: async () => {
      calls.push("refresh");
    },
    ...change,
  };
  return { ports, calls };
}

describe("take answer", () => {
  it("P1: votes with the account that clicked, for what the message showed, and leaves the message to the log", async () => {
    const { ports, calls } = portsOf();
    expect(await takeAnswer(ports, user, card, approve)).toEqual({ outcome: "recorded" });
    expect(calls).toEqual([["vote", account, card, approve]]);
  });

  it("asks and claims with the account that clicked; what is refused is renewed", async () => {
    const { ports, calls } = portsOf();
    const ask = { kind: "ask", text: "which ones?" } as const;
    expect(await takeWord(ports, user, card, ask)).toEqual({ outcome: "recorded" });
    expect(calls).toEqual([["word", account, card, ask]]);
    const taken = portsOf({ discuss: async () => ({ outcome: "refused", reason: "ALREADY_CLAIMED" }) });
    expect(await takeWord(taken.ports, user, card, { kind: "claim" })).toMatchObject({ reason: "ALREADY_CLAIMED" });
    expect(taken.calls).toEqual(["refresh"]);
  });

  it("P3, P7: decides nothing for an account that nobody is linked to", async () => {
    const offered: unknown[] = [];
    const { ports, calls } = portsOf({
      submitVote: async () => ({ outcome: "refused", reason: "NOT_IN_DIRECTORY" }),
      offerLink: async (...offer) => {
        offered.push(offer);
        return "CODE";
      },
    });
    expect(await takeAnswer(ports, user, card, approve)).toEqual({ outcome: "unlinked", linkCode: "CODE" });
    expect(calls).toEqual([]);
    expect(offered).toEqual([["acme", user]]);
  });

  it("P7: decides nothing when nobody can say whose account it is", async () => {
    const { ports, calls } = portsOf({ submitVote: async () => ({ outcome: "refused", reason: "DIRECTORY_UNREACHABLE" }) });
    expect(await takeAnswer(ports, user, card, approve)).toEqual({ outcome: "nobody-knows" });
    expect(calls).toEqual([]);
  });

  it.each([{ outcome: "refused", reason: "STALE_DIGEST" } as const, { outcome: "unknown" } as const])(
    "renews the message when the answer was not recorded: %o",
    async (reply) => {
      const { ports, calls } = portsOf({ submitVote: async () => reply });
      expect(await takeAnswer(ports, user, card, approve)).toEqual(reply);
      expect(calls.at(-1)).toBe("refresh");
    },
  );
});
