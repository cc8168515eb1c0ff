import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { CommandHandler } from "@countersign/bus";
import type { NewEvent } from "@countersign/event-log";
import { ActionStatus } from "@countersign/proto/v1/action_pb";
import type { ListActionsRequestSchema } from "@countersign/proto/v1/action_service_pb";
import type { ListReviewsRequestSchema } from "@countersign/proto/v1/review_service_pb";
import { describe, expect, it } from "vitest";
import { call, caller, type CallerInit } from "../../testing/calls.ts";
import { EVENTS, START } from "../../testing/events.ts";
import { ACTIONS, denied, idOf, inReview, REVIEWS } from "../../testing/listed-actions.ts";

type World = {
  readonly actions: CommandHandler;
  readonly reviews: CommandHandler;
  /** Records what happened to an action, and brings the lists up to date. */
  given(number: number, events: readonly NewEvent[], tenant?: string): Promise<void>;
};

/** Both lists as they were. */
export function pastLists(world: () => World): void {
  describe("P5: lists at a moment", () => {
    const given: World["given"] = (...events) => world().given(...events);
    const actionsOf = (body: MessageInitShape<typeof ListActionsRequestSchema>, who?: CallerInit) =>
      call(world().actions, ACTIONS, body, who);
    const reviewsOf = (body: MessageInitShape<typeof ListReviewsRequestSchema>, who?: CallerInit) =>
      call(world().reviews, REVIEWS, body, who);
    const at = (position: number) => ({ moment: { case: "position", value: BigInt(position) } }) as const;
    const statuses = async (body: MessageInitShape<typeof ListActionsRequestSchema>, who?: CallerInit) =>
      (await actionsOf(body, who)).actions.map(({ id, status, version }) => [id.slice(-1), status, Number(version)]);

    it("are what they were after the event at a position", async () => {
      await given(1, inReview());
      await given(2, denied);
      await given(1, [EVENTS.voted("ben"), EVENTS.rejected()]);
      expect(await statuses({ at: at(0) })).toEqual([["1", ActionStatus.REQUESTED, 1]]);
      expect(await statuses({ at: at(3) })).toEqual([
        ["2", ActionStatus.REQUESTED, 1],
        ["1", ActionStatus.IN_REVIEW, 3],
      ]);
      expect(await statuses({ at: at(6) })).toEqual(await statuses({}));
      expect(await statuses({ at: at(99) })).toEqual(await statuses({}));
      expect(await statuses({ at: at(5), statuses: [ActionStatus.IN_REVIEW] })).toEqual([["1", ActionStatus.IN_REVIEW, 4]]);
      expect(await statuses({ at: at(6), statuses: [ActionStatus.IN_REVIEW] })).toEqual([]);
      expect((await reviewsOf({ at: at(2) })).reviews.map(({ id }) => id)).toEqual([idOf(1)]);
      expect((await reviewsOf({ at: at(5) }, caller({ id: "ben" }))).reviews).toEqual([]);
      expect((await reviewsOf({ at: at(5), all: true }, caller({ id: "ben" }))).reviews).toHaveLength(1);
      expect((await reviewsOf({ at: at(6), all: true })).reviews).toEqual([]);
    });

    it("are what they were at a time", async () => {
      await given(1, inReview());
      await given(1, [EVENTS.voted("ben")]);
      const time = (ms: number) => ({ moment: { case: "time", value: timestampFromMs(ms) } }) as const;
      expect(await statuses({ at: time(START - 1) })).toEqual([]);
      expect(await statuses({ at: time(START) })).toEqual([["1", ActionStatus.IN_REVIEW, 3]]);
      expect(await statuses({ at: time(START + 3000) })).toEqual([["1", ActionStatus.IN_REVIEW, 4]]);
    });

    it("come in pages that neither skip nor repeat, each token for its own moment", async () => {
      for (let number = 0; number < 7; number += 1) await given(number, number % 2 === 0 ? inReview() : denied);
      const seen: string[] = [];
      let pageToken = "";
      do {
        const page = await actionsOf({ at: at(10), pageSize: 2, pageToken });
        seen.push(...page.actions.map(({ id }) => id.slice(-1)));
        pageToken = page.nextPageToken;
      } while (pageToken !== "");
      expect(seen).toEqual(["4", "3", "2", "1", "0"]);
      const first = await actionsOf({ at: at(10), pageSize: 2 });
      await expect(statuses({ at: at(11), pageSize: 2, pageToken: first.nextPageToken })).rejects.toMatchObject({
        violations: [{ field: "page_token" }],
      });
    });

    it("P8: show a requester its own and a tenant its own", async () => {
      await given(1, inReview());
      await given(2, inReview(), "globex");
      expect(await statuses({ at: at(5) })).toEqual([["1", ActionStatus.IN_REVIEW, 3]]);
      expect(await statuses({ at: at(5) }, caller({ id: "stranger", roles: ["requester"] }))).toEqual([]);
      await expect(statuses({ at: {} })).rejects.toMatchObject({ violations: [{ field: "at" }] });
    });

    it("P7: reviews of the past are refused rather than cut when they do not fit", async () => {
      await given(1, inReview());
      await given(2, inReview());
      await expect(reviewsOf({ at: at(5), pageSize: 1 })).rejects.toMatchObject({
        code: "FAILED_PRECONDITION",
        reason: "TOO_LARGE",
      });
    });
  });
}
