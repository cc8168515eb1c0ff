import { createHash } from "node:crypto";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { EventLog } from "@countersign/event-log";
import { createMemoryEventLog, eventCode, TEST_APPEND_KEYS } from "@countersign/event-log/testing";
import { verifyArchive, type Verification } from "@countersign/evidence";
import { playSample, splitTar, START, STEP, streamOf } from "@countersign/evidence/testing";
import { decodeEvent, encodeEvent } from "@countersign/events";
import { ContentErasedSchema } from "@countersign/proto/event/v1/erasure_events_pb";
import { ExportRequestSchema, ExportResponseSchema, type ExportProgress, type ExportSummary } from "@countersign/proto/v1/audit_service_pb";
import { ExportFormat, ExportFormatSchema } from "@countersign/proto/v1/export_format_pb";
import { leafHash, parseVerifierKey } from "@countersign/tlog";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { exportEvidence } from "../adapters/commands/export.ts";
import type { Sealing } from "../sealing/start-sealing.ts";
import { ORIGIN, sealedLedger, sealingDatabase, type SealedLedger } from "../sealing/testing/sealed-ledger.ts";
import { caller, callStream, refusal, type CallerInit } from "../testing/calls.ts";
import { EVENTS, record } from "../testing/events.ts";
import { getGrantKeys } from "../testing/signed-votes.ts";

let database: Awaited<ReturnType<typeof sealingDatabase>>;
let ledger: SealedLedger;
let sealing: Sealing;

beforeAll(async () => {
  database = await sealingDatabase();
  ledger = await sealedLedger(database);
  await playSample(ledger.log, { actions: 40, hostile: "</pre><script>" });
  sealing = await ledger.startSealing();
});
afterAll(async () => {
  await sealing.close();
  await ledger.close();
  await database.drop();
});

type Archive = { readonly bytes: Buffer; readonly progress: readonly ExportProgress[]; readonly summary: ExportSummary | undefined };

/** Exports as the gateway asks for it. */
async function exported(
  request: MessageInitShape<typeof ExportRequestSchema>,
  who: CallerInit = caller(),
  sealed = true,
  log: EventLog = ledger.log,
): Promise<Archive> {
  const clock = () => new Date(START + 100 * STEP);
  const handler = exportEvidence({
    log,
    sealing: sealed ? sealing : undefined,
    commands: { send: getGrantKeys },
    clock,
    sealWaitMs: 2000,
  });
  const messages = await callStream(handler, [ExportRequestSchema, ExportResponseSchema], request, who);
  const progress = messages.flatMap((message) => (message.progress === undefined ? [] : [message.progress]));
  return { bytes: Buffer.concat(messages.map(({ chunk }) => chunk)), progress, summary: messages.at(-1)?.summary };
}

const at = (action: number) => timestampFromMs(START + action * STEP);
const pinned = () => ({ keys: sealing.verifierKeys(1).map(parseVerifierKey), policy: undefined });
const verified = (bytes: Uint8Array): Promise<Verification> => verifyArchive(streamOf([bytes]), pinned());

describe("an export in another system's format", () => {
  const FORMATS = ExportFormatSchema.values.map(({ number }) => number as ExportFormat).filter((format) => format > ExportFormat.ARCHIVE);
  const lines = async (format: ExportFormat, period = {}): Promise<string[]> =>
    (await exported({ format, ...period }, caller(), false)).bytes.toString().trimEnd().split(/\r?\n/);

  it.each(FORMATS)("%i: has a line for each event of the period, in order, wherever the log is not sealed, too", async (format) => {
    const heads = format === ExportFormat.SOC2_CSV ? 1 : 0;
    const rows = (await lines(format, { from: at(10), to: at(20) })).slice(heads);
    const events = (await ledger.log.readTenant("acme", { from: 0, limit: 10_000 })).slice(2 + 5 * 14, 2 + 10 * 14);
    expect(rows).toHaveLength(events.length);
    for (const [index, { position, type }] of events.entries()) {
      expect(rows[index]).toContain(String(position));
      expect(rows[index]).toContain(type);
    }
    expect((await lines(format, { from: at(50), to: at(60) })).slice(heads).join("")).toBe("");
  });

  it.each(FORMATS)(
    "%i: holds nothing that people typed, nothing of other tenants, and is recorded with its hash and period",
    async (format) => {
      const { bytes, summary } = await exported({ format, from: at(0), to: at(40) });
      for (const secret of ["</pre>", "looks right", "customers a-", "globex"]) expect(bytes.includes(secret)).toBe(false);
      expect(summary).toMatchObject({ format, bytes: BigInt(bytes.length), events: 280n, checkpointSize: 0n });
      const [requested, produced] = (await ledger.log.readStream({ tenant: "acme", type: "export", id: summary?.exportId ?? "" })).map(
        decodeEvent,
      );
      expect(requested).toMatchObject({ type: "ExportRequested", data: { format } });
      expect(produced).toMatchObject({ type: "ExportProduced", data: { format, from: at(0), to: at(40), origin: "" } });
      const digest = produced?.type === "ExportProduced" ? produced.data.digest : [];
      expect(Buffer.from(digest)).toEqual(createHash("sha256").update(bytes).digest());
    },
  );

  it("parses back: OCSF and OTLP name the event, its place and its leaf", async () => {
    const event = (await ledger.log.readTenant("acme", { from: 0, limit: 10_000 })).find(({ type }) => type === "VoteCast");
    const leaf = Buffer.from(event?.leafHash ?? []).toString("hex");
    const ocsf = (await lines(ExportFormat.OCSF)).map((line) => JSON.parse(line) as { metadata: { sequence: number }; unmapped: object });
    const found = ocsf.find(({ metadata }) => metadata.sequence === event?.position);
    expect(found).toMatchObject({
      class_uid: 3004,
      metadata: { event_code: "VoteCast", tenant_uid: "acme" },
      unmapped: { leaf_hash: leaf },
    });
    const otlp = (await lines(ExportFormat.OTEL_LOGS)).map((line) => JSON.parse(line) as object);
    expect(JSON.stringify(otlp)).toContain(`{"key":"countersign.leaf_hash","value":{"stringValue":"${leaf}"}}`);
    for (const line of otlp) expect(Object.keys(line)).toEqual(["resourceLogs"]);
  });

  it("P6: up to its request holds what was recorded behind an event that an instance whose clock is hours ahead made", async () => {
    const log = createMemoryEventLog({ ledger: "main" });
    for (const [id, hours] of [2, 0].entries()) {
      const stream = { tenant: "acme", id: `018f0000-0000-7000-8000-00000000000${id}`, version: 0 };
      await record(log, stream, [EVENTS.requested()], { time: new Date(START + 100 * STEP + hours * 3_600_000 - 1) });
    }
    expect((await exported({ format: ExportFormat.OTEL_LOGS }, caller(), false, log)).summary).toMatchObject({ events: 2n });
  });

  it("P7: an unknown format, and witnesses of what has no checkpoint, are refused before anything is recorded", async () => {
    const before = await ledger.log.nextPosition();
    expect(await refusal(exported({ format: 99 as ExportFormat }))).toBe("INVALID_ARGUMENT FIELD_VIOLATION");
    expect(await refusal(exported({ format: ExportFormat.CEF, witnessed: true }))).toBe("INVALID_ARGUMENT FIELD_VIOLATION");
    expect(await ledger.log.nextPosition()).toBe(before);
  });
});

describe("P6: an export", () => {
  it("of everything verifies with the pinned key alone, and its end is closed by its own request", async () => {
    const { bytes, progress, summary } = await exported({});
    const { flaws, check, header } = await verified(bytes);
    expect(flaws.listed).toEqual([]);
    expect(check?.counts).toMatchObject({ unknown: 0, votes: 20, votesUnverified: 0, digests: 40, digestsUnverified: 0 });
    expect(header).toMatchObject({ tenant: "acme", firstSequence: 1, lastSequence: 2 + 20 * 8 + 20 * 6 });
    expect(progress.at(-1)?.total).toBe(282n);
    expect(Buffer.from(summary?.digest ?? [])).toEqual(createHash("sha256").update(bytes).digest());
  });

  it("of a period has its events, what stands at its borders, and the policies before it", async () => {
    const { flaws, check, header } = await verified((await exported({ from: at(10), to: at(20) })).bytes);
    expect(flaws.listed).toEqual([]);
    expect(header).toMatchObject({ firstSequence: 2 + 5 * 14 + 1, lastSequence: 2 + 10 * 14 });
    expect(check?.entries).toBe(70 + 2 + 2);
    expect(check?.documents.size).toBe(1);
  });

  it("of a period in which nothing happened proves just that", async () => {
    const { flaws, check, header } = await verified((await exported({ from: at(50), to: at(60) })).bytes);
    expect(flaws.listed).toEqual([]);
    expect(header).toMatchObject({ firstSequence: (header?.lastSequence ?? 0) + 1 });
    expect(check?.chain.events).toBe(0);
  });

  it("P8: shows nothing of other tenants", async () => {
    const { bytes } = await exported({ from: at(0), to: at(40) });
    expect(splitTar(bytes).filter(({ body }) => body.includes("globex"))).toEqual([]);
    const others = await exported({}, { ...caller(), tenant: "globex" });
    expect(others.bytes.includes("acme")).toBe(false);
    expect((await verified(others.bytes)).flaws.listed).toEqual([]);
  });

  it("is recorded: who asked for what, and what was handed out", async () => {
    const { bytes, summary } = await exported({ from: at(10), to: at(20) });
    const stream = await ledger.log.readStream({ tenant: "acme", type: "export", id: summary?.exportId ?? "" });
    expect(stream.map(({ actor }) => actor?.id)).toEqual([caller().id, caller().id]);
    const [requested, produced] = stream.map(decodeEvent);
    expect(requested).toMatchObject({ type: "ExportRequested", data: { from: at(10), to: at(20) } });
    expect(produced).toMatchObject({ type: "ExportProduced", data: { bytes: BigInt(bytes.length), origin: `${ORIGIN}/1` } });
    const handedOut = produced?.type === "ExportProduced" ? produced.data.digest : [];
    expect(Buffer.from(handedOut)).toEqual(createHash("sha256").update(bytes).digest());
  });

  it("that an erasure overtakes names the event behind its checkpoint, and the next one has that event", async () => {
    let raced: Promise<void> | undefined;
    const racing = new Proxy(ledger.log, {
      get: (log, name) => {
        const member: unknown = Reflect.get(log, name);
        if (typeof member !== "function") return member;
        return async (...args: unknown[]): Promise<unknown> => {
          // The export was asked for, sealed and begun: now somebody erases what it is about to read.
          if (name === "readNamedContents") await (raced ??= eraseInput("a-7", new Date(START + 99 * STEP)));
          return await (Reflect.apply(member, log, args) as Promise<unknown>);
        };
      },
    });
    const overtaken = (await exported({}, caller(), true, racing)).bytes;
    expect(overtaken.includes("customers a-7")).toBe(false);
    const { flaws, check } = await verified(overtaken);
    expect(flaws.listed).toEqual([]);
    expect(check?.counts).toMatchObject({ erasedLater: 1, absentContents: 0, digestsUnverified: 1 });
    const later = await verified((await exported({})).bytes);
    expect(later.flaws.listed).toEqual([]);
    expect(later.check?.counts).toMatchObject({ erasedLater: 0, absentContents: 1 });
  });

  it("of a period that another export closed names an erasure behind it, be it of the same millisecond, and misses nothing", async () => {
    // The clock stands still: exports, and the erasure between them, are of the millisecond in which the period ends.
    const time = new Date(START + 100 * STEP);
    await exported({ to: timestampFromMs(time.getTime()) });
    await eraseInput("a-9", time);
    const { flaws, check } = await verified((await exported({ to: timestampFromMs(time.getTime()) })).bytes);
    expect(flaws.listed).toEqual([]);
    expect(check?.counts).toMatchObject({ erasedLater: 1, digestsUnverified: 2 });
  });

  it("P7: is refused where nothing is sealed", async () => {
    expect(await refusal(exported({}, caller(), false))).toBe("FAILED_PRECONDITION WRONG_STATE");
  });

  it("P7: is refused when the log is not what was sealed, however well it was rewritten, be it with the append key", async () => {
    const [event] = await ledger.log.readAll({ from: 30, limit: 1 });
    const changed = Buffer.concat([(event?.entry ?? new Uint8Array()).subarray(0, -1), Buffer.from("A")]);
    const leaf = leafHash(changed);
    const values = Object.entries({ entry: changed, leaf_hash: leaf, append_code: eventCode(TEST_APPEND_KEYS, leaf) });
    const rewritten = values.map(([column, bytes]) => `${column} = '\\x${bytes.toString("hex")}'`).join(", ");
    await ledger.tamper(`update event_log.event set ${rewritten} where @ and position = 30`);
    // Whoever looks first refuses: the sealer to seal the request, or the export to write what has another root.
    expect(await refusal(exported({ from: at(0), to: at(3) }))).toMatch(/^(FAILED_PRECONDITION WRONG_STATE|UNAVAILABLE NOT_SEALED)$/);
  });
});

/** Takes an action's input away. */
async function eraseInput(id: string, time: Date): Promise<void> {
  const stream = { tenant: "acme", type: "action", id };
  const events = await ledger.log.readStream(stream);
  const [requested] = events.map(decodeEvent);
  const digest = requested?.type === "ActionRequested" ? requested.data.input?.digest : undefined;
  if (digest === undefined) throw new Error("no input");
  const erased = encodeEvent({ type: "ContentErased", data: create(ContentErasedSchema, { digests: [digest] }) });
  const append = { stream, expectedVersion: events.length, events: [erased], erased: [digest], time };
  expect((await ledger.log.append(append)).outcome).toBe("appended");
}
