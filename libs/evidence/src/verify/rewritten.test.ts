import { fromBinary, toBinary, type DescMessage, type MessageShape } from "@bufbuild/protobuf";
import type { EventLog } from "@countersign/event-log";
import {
  ActionApprovedSchema,
  ActionRequestedSchema,
  GrantIssuedSchema,
  VerdictReachedSchema,
  VoteCastSchema,
} from "@countersign/proto/event/v1/action_events_pb";
import type { Entry } from "@countersign/proto/event/v1/entry_pb";
import { PolicyPublishedSchema } from "@countersign/proto/event/v1/policy_events_pb";
import { beforeAll, describe, expect, it } from "vitest";
import type { ArchiveHeader } from "../header.ts";
import { rewrittenLog } from "../testing/rewritten-log.ts";
import { logKey, sampleArchive, streamOf } from "../testing/sample-archive.ts";
import { sampleLog, START, STEP } from "../testing/sample-log.ts";
import { verifyArchive } from "./verify-archive.ts";

const trust = { keys: [logKey.verifier], policy: undefined };
const OTHER = Buffer.alloc(32, 7);

/** Of acme: its policy is 1 and 2; a-0 is 3 to 10, a-1 11 to 16, a-2 17 to 24, and 25 is the event behind the period. */
let log: EventLog;
/** By position. */
let numbers: ReadonlyMap<number, number>;
beforeAll(async () => {
  log = await sampleLog({ actions: 4 });
  const events = await log.readAll({ from: 0, limit: 1000 });
  numbers = new Map(events.map(({ position, tenantSequence }) => [position, tenantSequence]));
});

/** Code and number of each flaw of an archive of the second and third minute. */
async function flawsOf(from: EventLog, header: Partial<ArchiveHeader> = {}): Promise<readonly string[]> {
  const { bytes } = await sampleArchive(from, { from: 1, to: 3, change: (_entries, own) => ({ ...own, ...header }) });
  const { flaws } = await verifyArchive(streamOf([bytes]), trust);
  return flaws.listed.map(({ code, position }) => `${code} ${numbers.get(position ?? -1) ?? ""}`.trim());
}

const timeOf = (entry: Entry, milliseconds: number): void => {
  const at = Number(entry.eventTime?.seconds) * 1000 + milliseconds;
  entry.eventTime = { ...entry.eventTime, $typeName: "google.protobuf.Timestamp", seconds: BigInt(Math.floor(at / 1000)), nanos: 0 };
};

describe("P6: whoever keeps the log and signs its tree cannot rewrite it unseen", () => {
  it.each<[string, number, (entry: Entry) => void, readonly string[]]>([
    ["nothing", 14, () => undefined, []],
    ["a link to another event of the tenant", 14, (entry) => (entry.previousTenantLeaf = OTHER), ["TENANT_LINK 14"]],
    ["no link to the event of the tenant before", 14, (entry) => (entry.previousTenantLeaf = Buffer.of()), ["TENANT_LINK 14"]],
    ["a link to another event of the stream", 14, (entry) => (entry.previousStreamLeaf = OTHER), ["STREAM_LINK 14"]],
    ["a link where a stream begins", 17, (entry) => (entry.previousStreamLeaf = OTHER), ["STREAM_LINK 17"]],
    ["a version left out", 16, (entry) => (entry.streamVersion += 1n), ["STREAM_VERSION 16"]],
    ["a stream that begins twice", 16, (entry) => (entry.streamVersion = 1n), ["STREAM_VERSION 16"]],
    ["a number twice", 14, (entry) => (entry.tenantSequence = 13n), ["TENANT_SEQUENCE 14", "TENANT_SEQUENCE 15"]],
    ["a number twice, before the period", 2, (entry) => (entry.tenantSequence = 1n), ["TENANT_SEQUENCE 2"]],
    ["an event of another position", 16, (entry) => (entry.position += 1n), ["FOREIGN 16", "CSV"]],
    ["an event of another ledger", 16, (entry) => (entry.ledger = "mail"), ["FOREIGN 16"]],
    ["an event of another tenant", 16, (entry) => (entry.tenant = "acmf"), ["FOREIGN 16"]],
    ["time that runs back", 16, (entry) => timeOf(entry, -301_000), ["TIME 16"]],
    ["time that runs back, as clocks may differ", 16, (entry) => timeOf(entry, -250_000), []],
  ])("%s", async (_what, number, change, wrong) => {
    const rewritten = await rewrittenLog(log, (entry) => {
      if (entry.tenant === "acme" && entry.tenantSequence === BigInt(number)) change(entry);
    });
    expect(await flawsOf(rewritten)).toEqual(wrong);
  });

  /** A change of the entry's payload. */
  const payload =
    <Schema extends DescMessage>(schema: Schema, change: (data: MessageShape<Schema>) => void) =>
    (entry: Entry): void => {
      const data = fromBinary(schema, entry.data);
      change(data);
      entry.data = toBinary(schema, data);
    };

  it.each<[string, number, (entry: Entry) => void, readonly string[]]>([
    [
      "P1: a verdict on another digest",
      12,
      payload(VerdictReachedSchema, (data) => (data.digest = OTHER)),
      ["ACTION_DIGEST 12", "ACTION_DIGEST 13", "ACTION_DIGEST 14"],
    ],
    ["P1: an approval of another digest", 13, payload(ActionApprovedSchema, (data) => (data.digest = OTHER)), ["ACTION_DIGEST 13"]],
    ["P1: a grant for another digest", 14, payload(GrantIssuedSchema, (data) => (data.digest = OTHER)), ["ACTION_DIGEST 14"]],
    [
      "P1: a vote on another digest",
      20,
      payload(VoteCastSchema, (data) => (data.digest = OTHER)),
      ["VOTE_SIGNATURE 20", "ACTION_DIGEST 20"],
    ],
    ["P3: another stage", 20, payload(VoteCastSchema, (data) => (data.stage += 1)), ["VOTE_SIGNATURE 20"]],
    ["P3: a no for a yes", 20, payload(VoteCastSchema, (data) => (data.decision = 2)), ["VOTE_SIGNATURE 20"]],
    ["P3: no decision", 20, payload(VoteCastSchema, (data) => (data.decision = 0)), ["VOTE_SIGNATURE 20"]],
    ["P3: no signature", 20, payload(VoteCastSchema, (data) => (data.signature = Buffer.of())), ["VOTE_SIGNATURE 20"]],
    ["P3: a vote at another time", 20, (entry) => timeOf(entry, 1000), ["VOTE_SIGNATURE 20"]],
    ["P2: a grant that never ends", 14, payload(GrantIssuedSchema, (data) => (data.expireTime!.nanos = -1)), ["ENTRY 14"]],
    ["content of which there is no record", 11, payload(ActionRequestedSchema, (data) => (data.input!.digest = OTHER)), ["CONTENT 11"]],
    ["a policy that is not the one published", 1, payload(PolicyPublishedSchema, (data) => (data.documentDigest = OTHER)), ["POLICY"]],
  ])("%s", async (_what, number, change, wrong) => {
    const rewritten = await rewrittenLog(log, (entry) => {
      if (entry.tenant === "acme" && entry.tenantSequence === BigInt(number)) change(entry);
    });
    expect(await flawsOf(rewritten)).toEqual(wrong);
  });

  it.each<[string, Partial<ArchiveHeader>, readonly string[]]>([
    ["that begins before its first event's predecessor", { from: START + 9000 }, ["PERIOD 10"]],
    ["that begins after its first event", { from: START + STEP + 1 }, ["PERIOD 11"]],
    ["that has no beginning", { from: undefined }, ["PERIOD 10"]],
    ["that ends with its last event", { to: START + 2 * STEP + 10_000 }, ["PERIOD 24"]],
    ["that ends after the event behind it", { to: START + 3 * STEP + 1 }, ["PERIOD 25"]],
    ["of fewer numbers at its end", { lastSequence: 23 }, ["PERIOD 24", "FOREIGN 25"]],
    ["of fewer numbers at its beginning", { firstSequence: 13 }, ["FOREIGN 10", "FOREIGN 11", "PERIOD 12"]],
    ["of more numbers at its beginning", { firstSequence: 10 }, ["TENANT_SEQUENCE 10", "PERIOD 10"]],
    [
      "of another ledger",
      { ledger: "mail" },
      [1, 2, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25].map((at) => `FOREIGN ${at}`),
    ],
  ])("a period %s", async (_what, header, wrong) => {
    expect(await flawsOf(log, header)).toEqual(wrong);
  });
});
