import { forgeAppend } from "@countersign/event-log/testing";
import type { EventLog } from "@countersign/event-log";
import { decodeEvent, encodeEvent } from "@countersign/events";
import { VoteDecision } from "@countersign/proto/v1/action_pb";
import { describe, expect, it } from "vitest";
import { ledgerStream } from "../adapters/events/epochs.ts";
import { event, EVENTS, START } from "../testing/events.ts";
import { flawsOf } from "../testing/flaws-of.ts";
import { signedVote } from "../testing/signed-votes.ts";
import { fsck, type FsckParts } from "./fsck.ts";

/** A ledger `main` of six events, three actions of `acme` by their ids. */
type Here = { readonly url: string; readonly log: EventLog; readonly id: (number: number) => string; parts(): FsckParts };

/** What fsck says of events and votes that nobody made who may. */
export function forgeries(here: () => Here): void {
  describe("P6: fsck over what was forged", () => {
    it("finds what nobody appended who has the key, with its position and nothing else: numbers, links and hashes are right", async () => {
      const { url, id, parts } = here();
      const request = {
        stream: { tenant: "acme", type: "action", id: id(1) },
        expectedVersion: 2,
        events: [EVENTS.approved()],
        time: new Date(START),
      };
      const [forged] = await forgeAppend(url, "main", request);
      const started = [event("EpochStarted", { epoch: 2n })];
      await forgeAppend(url, "main", { ...request, stream: ledgerStream("main"), expectedVersion: 0, events: started });
      const { flaws } = await flawsOf(fsck(parts()));
      const inLog = flaws.filter(({ kind }) => kind !== "PROJECTION");
      expect(inLog.map(({ kind, position, detail }) => `${kind} ${position} ${detail}`)).toEqual([
        "APPEND_CODE 6 nobody who has the append key wrote this event",
        "APPEND_CODE 7 nobody who has the append key wrote this event",
      ]);
      expect(forged?.position).toBe(6);
    });

    it("finds a vote that was put into the log, chains and all, by whom its signature is not: altered, by a key of their own, or of another action", async () => {
      const { log, id, parts } = here();
      const stream = (number: number) => ({ tenant: "acme", type: "action", id: id(number) });
      const time = new Date(START);
      const sound = signedVote(stream(1), time, EVENTS.voted("ann"));
      const vote = decodeEvent(sound);
      if (vote.type !== "VoteCast") throw new Error("no vote");
      const forged = (change: Partial<typeof vote.data>) => encodeEvent({ ...vote, data: { ...vote.data, ...change } });
      const votes = [
        sound,
        forged({ decision: VoteDecision.REJECT }),
        forged({ keyId: "their own" }),
        forged({ signature: new Uint8Array() }),
      ];
      await log.append({ stream: stream(1), expectedVersion: 2, events: votes, time });
      await log.append({ stream: stream(2), expectedVersion: 2, events: [sound], time });
      const { flaws } = await flawsOf(fsck(parts()));
      expect(flaws.filter(({ kind }) => kind === "VOTE").map(({ position, detail }) => `${position} ${detail}`)).toEqual([
        "7 the signature of a vote does not verify",
        expect.stringMatching(/^8 a vote is signed by a key that approval does not have; /),
        "9 the signature of a vote does not verify",
        "10 the signature of a vote does not verify",
      ]);
    });

    it("P7: says which votes it could not judge, when approval does not tell its keys", async () => {
      const voteKeys = async () => Promise.reject(new Error("nobody answers"));
      expect((await flawsOf(fsck({ ...here().parts(), voteKeys }))).result.unchecked).toEqual(["signatures of votes: nobody answers"]);
    });
  });
}
