import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { CommandHandler } from "@countersign/bus";
import type { Person } from "@countersign/directory-client";
import { samplePerson } from "@countersign/directory-client/testing";
import type { EventLog, NewEvent } from "@countersign/event-log";
import { type ReviewerSelector, type Stage, type StageSchema, VerdictOutcome, VoteDecision } from "@countersign/proto/v1/action_pb";
import { PrincipalType } from "@countersign/proto/v1/principal_pb";
import { ClaimFilter, type ListReviewsRequestSchema } from "@countersign/proto/v1/review_service_pb";
import { describe, expect, it } from "vitest";
import { call, caller, type CallerInit } from "../../testing/calls.ts";
import { agent, event, EVENTS, person, reference, START, stage } from "../../testing/events.ts";
import { type Around, denied, idOf, inReview, REVIEWS } from "../../testing/listed-actions.ts";

type World = {
  readonly reviews: CommandHandler;
  readonly log: EventLog;
  readonly around: Around;
  /** Records what happened to an action, and brings the lists up to date. */
  given(number: number, events: readonly NewEvent[]): Promise<void>;
};

/** Whom a review waits for, at this moment. */
export function listedReviews(world: () => World): void {
  describe("ListReviews", () => {
    const given: World["given"] = (...events) => world().given(...events);
    const listed = (body: MessageInitShape<typeof ListReviewsRequestSchema>, who?: CallerInit) => call(world().reviews, REVIEWS, body, who);
    const toReview = async (who?: CallerInit, all = false): Promise<readonly string[]> =>
      (await listed({ all }, who)).reviews.map(({ id }) => id);

    it("lists the oldest deadline first, in pages", async () => {
      await given(1, inReview(undefined, 60));
      await given(2, inReview(undefined, 30));
      await given(3, inReview(undefined, 60));
      await given(4, denied);
      const first = await listed({ pageSize: 2 });
      const second = await listed({ pageSize: 2, pageToken: first.nextPageToken });
      expect([first, second].map((page) => page.reviews.map(({ id }) => id))).toEqual([[idOf(2), idOf(1)], [idOf(3)]]);
      expect(second.nextPageToken).toBe("");
    });

    it("P3: leaves out what the caller may not decide, unless it asks for all", async () => {
      await given(1, inReview(person("ann")));
      await given(2, inReview(agent("exporter", "ann")));
      await given(3, inReview({ ...agent("exporter"), chain: [reference("ann")] }));
      await given(4, [...inReview(), EVENTS.edited("ann"), EVENTS.verdict(VerdictOutcome.REVIEW), EVENTS.opened()]);
      await given(5, [...inReview(), EVENTS.voted("ann")]);
      await given(6, [...inReview(), EVENTS.voted("ben"), EVENTS.voted("cyd"), EVENTS.stageOpened(1)]);
      await given(7, inReview());
      expect(await toReview()).toEqual([idOf(7)]);
      expect(await toReview(undefined, true)).toHaveLength(7);
      expect(await toReview(caller({ groups: ["security"] }))).toEqual([idOf(6)]);
      expect(await toReview(caller({ groups: ["everybody"] }))).toEqual([]);
      expect(await toReview(caller({ groups: [] }))).toEqual([]);
    });

    it("P3: shows nothing to decide to agents, services and humans who act through others", async () => {
      await given(1, inReview());
      expect(await toReview(caller({ type: PrincipalType.AGENT }))).toEqual([]);
      expect(await toReview(caller({ type: PrincipalType.SERVICE }))).toEqual([]);
      expect(await toReview(caller({ type: PrincipalType.UNSPECIFIED }))).toEqual([]);
      expect(await toReview(caller({ chain: [reference("copilot")] }))).toEqual([]);
    });

    it("lists what nobody is looking at, and what the caller is, as it is at that moment", async () => {
      const filtered = async (claim: ClaimFilter, who?: CallerInit): Promise<readonly string[]> =>
        (await listed({ claim, all: true }, who)).reviews.map(({ id }) => id);
      await given(1, [...inReview(), EVENTS.claimed("ann", timestampFromMs(START + 1000))]);
      await given(2, [...inReview(), EVENTS.claimed("ben", timestampFromMs(START + 1000))]);
      await given(3, inReview());
      await given(4, [...inReview(), EVENTS.claimed("ann", timestampFromMs(START + 1000)), EVENTS.released("ann")]);
      await given(5, [...inReview(), EVENTS.claimed("ann", timestampFromMs(START + 1000)), EVENTS.voted("ann")]);
      world().around.now = 999;
      expect(await filtered(ClaimFilter.MINE)).toEqual([idOf(1)]);
      expect(await filtered(ClaimFilter.UNCLAIMED)).toEqual([idOf(3), idOf(4), idOf(5)]);
      expect(await filtered(ClaimFilter.MINE, caller({ tenant: "globex" }))).toEqual([]);
      world().around.now = 1000;
      expect(await filtered(ClaimFilter.MINE)).toEqual([]);
      expect(await filtered(ClaimFilter.UNCLAIMED)).toHaveLength(5);
      const [claimed] = (await listed({ all: true })).reviews;
      expect(claimed).toMatchObject({ claimedBy: { id: "ann", type: "human" }, claimExpireTime: "2026-01-01T00:00:01.000Z" });
    });

    it("P3: asks by person, shift, manager, escalation, stand-in and confirmation, with one question to the directory; also in the past", async () => {
      const asking = (who: ReviewerSelector["who"], more: MessageInitShape<typeof StageSchema> = {}): readonly NewEvent[] => {
        const quorum = { rule: { case: "atLeast", value: { count: 1, of: [{ who }] } } } as const;
        return [
          EVENTS.requested(agent("exporter", "olga")),
          EVENTS.verdict(VerdictOutcome.REVIEW),
          EVENTS.opened([{ ...stage([]), quorum, ...more } as Stage]),
        ];
      };
      const escalation = { afterSeconds: 1, to: [{ who: { case: "group", value: "leads" } as const }] };
      const recorded: readonly (readonly NewEvent[])[] = [
        asking({ case: "person", value: "0193" }),
        asking({ case: "person", value: "https://idp.test#ann" }),
        asking({ case: "onCall", value: "primary" }),
        asking({ case: "requesterManager", value: true }),
        [...asking({ case: "group", value: "dba" }, { escalation }), event("ReviewEscalated", { stage: 0 })],
        asking({ case: "group", value: "security" }),
      ];
      for (const [index, events] of recorded.entries()) await given(index + 1, events);
      const { log, around } = world();
      const end = { moment: { case: "position", value: BigInt(await log.nextPosition()) - 1n } } as const;
      const olga = reference("olga");
      const bea = { personId: "0194", groups: [], untilMs: 0, principals: [reference("bea")], effectiveGroups: ["security"] };
      const rows: readonly (readonly [Partial<Person>, readonly number[]])[] = [
        [{ id: "0193" }, [1, 2]],
        [{ onCall: ["primary"] }, [2, 3]],
        [{ onCall: ["secondary"] }, [2]],
        [{ reports: [olga] }, [2, 4]],
        [{ groups: ["leads"] }, [2, 5]],
        [{ standsInFor: [bea] }, [2, 6]],
        [{ standsInFor: [{ ...bea, principals: [olga] }] }, [2]],
        [{ groups: ["security"], principals: [olga] }, []],
        [{ id: "0193", active: false }, []],
      ];
      for (const [who, expected] of rows) {
        around.known = { managed: true, person: samplePerson(who) };
        around.questions = [];
        expect(await toReview(), JSON.stringify(who)).toEqual(expected.map(idOf));
        expect(around.questions).toHaveLength(1);
        const past = await listed({ at: end });
        expect(
          past.reviews.map(({ id }) => id),
          JSON.stringify(who),
        ).toEqual(expected.map(idOf));
      }
    });

    it("shows it again when a vote has lapsed, and no more when the review is over", async () => {
      await given(1, [...inReview(), EVENTS.voted("ann")]);
      expect(await toReview()).toEqual([]);
      await given(1, [EVENTS.edited("ben"), EVENTS.lapsed("ann"), EVENTS.verdict(VerdictOutcome.REVIEW), EVENTS.opened()]);
      expect(await toReview()).toEqual([idOf(1)]);
      await given(1, [EVENTS.voted("cyd", VoteDecision.REJECT), EVENTS.rejected()]);
      expect(await toReview(undefined, true)).toEqual([]);
    });
  });
}
