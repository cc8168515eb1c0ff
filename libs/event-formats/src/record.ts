/** A JSON object, as ProtoJSON gives it. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [member: string]: Json };
export type JsonObject = { readonly [member: string]: Json };

/** One event of the log as other systems are told of it. Holds no content: what people typed stays beside the log, where it can be erased. */
export type EventRecord = {
  readonly ledger: string;
  readonly tenant: string;
  /** 0-based, dense over the ledger. */
  readonly position: number;
  /** 1-based, dense over the tenant: a receiver that misses one knows it. */
  readonly tenantSequence: number;
  /** UUIDv7 in its text form. */
  readonly id: string;
  /** Name of the event: `GrantIssued`. */
  readonly type: string;
  readonly time: Date;
  readonly stream: { readonly type: string; readonly id: string };
  readonly streamVersion: number;
  /** Who caused it; undefined: the system itself, for example when time ran out. */
  readonly actor: { readonly issuer: string; readonly id: string } | undefined;
  /** W3C trace context; empty when there is none. */
  readonly traceparent: string;
  /** The payload; undefined when a newer build wrote it. */
  readonly data: JsonObject | undefined;
  /** RFC 6962 leaf hash of the entry: what a proof of this event is about. */
  readonly leafHash: Uint8Array;
  /** One harmless line for people. */
  readonly summary: string;
};

/** A member of the payload, by path; undefined when it is not there. */
export function member(record: EventRecord, ...path: readonly string[]): Json | undefined {
  let found: Json | undefined = record.data;
  for (const name of path) {
    if (typeof found !== "object" || found === null || !Object.hasOwn(found, name)) return undefined;
    found = (found as JsonObject)[name];
  }
  return found;
}

/** The same, as text; empty when it is no text or number. */
export function textMember(record: EventRecord, ...path: readonly string[]): string {
  const found = member(record, ...path);
  return typeof found === "string" || typeof found === "number" ? String(found) : "";
}

/** Lower-case hexadecimal. */
export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
}
