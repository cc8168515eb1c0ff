import { create } from "@bufbuild/protobuf";
import { ReviewOpenedSchema } from "@countersign/proto/event/v1/action_events_pb";
import {
  FlawSchema,
  FsckResultSchema,
  ListDeadLettersResponseSchema,
  RebuildSchema,
  type FsckResult,
  type Rebuild,
} from "@countersign/proto/v1/audit_service_pb";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { expect, it } from "vitest";
import { disagreements, openedReviews, type Witnesses } from "./agreement.ts";
import { factOf } from "./fact-of.ts";
import type { Copied } from "./read-back.ts";

const LEDGER = [0, 1, 2].map((position) =>
  factOf({ type: "ReviewOpened", data: create(ReviewOpenedSchema) }, { position, id: `action-${position}`, version: 1 }),
);
const COPY: readonly Copied[] = LEDGER.map(({ event }, index) => ({ sequence: index + 1, entry: event.entry }));
const TOLD = openedReviews(LEDGER).map(({ id }) => id);

type Planted = {
  readonly fsck?: MessageInitShape<typeof FsckResultSchema>;
  readonly flaw?: string;
  readonly rebuild?: { readonly identical?: boolean; readonly position?: bigint };
  readonly parked?: MessageInitShape<typeof ListDeadLettersResponseSchema>["deadLetters"];
  readonly copy?: readonly Copied[];
  readonly told?: readonly string[];
};

/** A deployment that agrees with the ledger, but for this. */
function witnesses({
  fsck = {},
  flaw,
  rebuild: { identical = true, position = 3n } = {},
  parked = [],
  copy = COPY,
  told = TOLD,
}: Planted): Witnesses {
  const sound = { events: 3n, projections: [{ name: "audit.actions", position: 3n }] };
  const result = (): FsckResult => create(FsckResultSchema, { ...sound, flaws: flaw === undefined ? 0n : 1n, ...fsck });
  const rebuilt = (): Rebuild => create(RebuildSchema, { name: "audit.actions", identical, rebuilt: { name: "audit.actions", position } });
  return {
    operator: {
      fsck: async (listener) => {
        if (flaw !== undefined) listener?.onFlaw?.(create(FlawSchema, { kind: flaw, detail: "at 1" }));
        return result();
      },
      rebuild: async () => [rebuilt()],
      audit: { listDeadLetters: async () => create(ListDeadLettersResponseSchema, { deadLetters: parked }) },
    },
    readCopy: async (atLeast) => (copy.length < atLeast ? [] : copy),
    told,
    patienceMs: 0,
  };
}

it("finds nothing in a deployment that agrees with its log", async () => {
  expect(await disagreements(LEDGER, witnesses({}))).toEqual([]);
});

const other = (index: number, change: Partial<Copied>): readonly Copied[] =>
  COPY.map((message, at) => (at === index ? { ...message, ...change } : message));

it.each<[string, Planted, string]>([
  ["P5: a projection that is another one when it is rebuilt", { rebuild: { identical: false } }, "audit.actions is another one"],
  ["P5: a projection that was rebuilt of less", { rebuild: { position: 2n } }, "rebuilt up to 2, not to 3"],
  ["P5: a projection that stays behind", { fsck: { projections: [{ name: "audit.actions", position: 2n }] } }, "have not come to 3"],
  ["P5: a flaw", { flaw: "HASH" }, "fsck: HASH at 1"],
  ["P5: what could not be checked", { fsck: { unchecked: ["the anchor: EACCES"] } }, "not checked: the anchor: EACCES"],
  ["P4: a log that fsck sees less of", { fsck: { events: 2n } }, "it saw 2 events of 3"],
  ["P4: an event that a consumer gave up on", { parked: [{ consumer: "notifier.deliveries", position: 1n }] }, "gave up on position 1"],
  ["P4: a copy that lacks an event", { copy: COPY.slice(0, 2) }, "JetStream holds 0 of 3 events"],
  ["P4: a copy with other bytes", { copy: other(1, { entry: Uint8Array.of(9) }) }, "something else than position 1 at sequence 2"],
  ["P4: a copy in another order", { copy: other(2, { sequence: 7 }) }, "something else than position 2 at sequence 7"],
  ["P4: a review that nobody was told of", { told: TOLD.slice(1) }, "nobody was told of the review of action-0"],
])("finds %s", async (_what, planted, problem) => {
  expect((await disagreements(LEDGER, witnesses(planted))).join("\n")).toContain(problem);
});
