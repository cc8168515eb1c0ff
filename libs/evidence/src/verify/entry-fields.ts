import { bitsOf, MOST_UINT32, timeOf, WireFields } from "./wire-fields.ts";

/** Numbers of the fields of `countersign.event.v1.Entry`. */
export const Field = {
  ledger: 1,
  position: 2,
  tenant: 3,
  tenantSequence: 4,
  streamType: 5,
  streamId: 6,
  streamVersion: 7,
  eventId: 8,
  type: 9,
  schemaVersion: 10,
  time: 11,
  actor: 12,
  traceparent: 13,
  previousStreamLeaf: 14,
  previousTenantLeaf: 15,
  data: 16,
} as const;

const NUMBERS = [Field.position, Field.tenantSequence, Field.streamVersion, Field.schemaVersion];
const BYTES = bitsOf(Object.values(Field).filter((field) => !NUMBERS.some((number) => number === field)));
const ACTOR = bitsOf([1, 2]);

/** An entry of which only what a verifier asks for is read, in place; a test holds it against `readEntry`. */
export class EntryFields extends WireFields {
  readonly actor = new WireFields();
  /** Milliseconds since 1970. */
  time = 0;

  /** Whether the bytes are an entry. */
  override read(bytes: Buffer, begin: number, end: number): boolean {
    if (!super.read(bytes, begin, end)) return false;
    for (const field of NUMBERS) if (!this.isNumber(field)) return false;
    if (this.number(Field.schemaVersion) > MOST_UINT32 || !this.areBytes(BYTES)) return false;
    this.time = timeOf(this, Field.time);
    const { actor } = this;
    return actor.read(bytes, this.begin(Field.actor), this.end(Field.actor)) && actor.areBytes(ACTOR) && this.time >= 0;
  }

  /** Whether a field holds exactly these bytes. */
  holds(field: number, expected: Uint8Array): boolean {
    const begin = this.begin(field);
    if (this.end(field) - begin !== expected.length) return false;
    for (let at = 0; at < expected.length; at += 1) if (this.bytes[begin + at] !== expected[at]) return false;
    return true;
  }
}
