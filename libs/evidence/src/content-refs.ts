import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { decodeEvent, EVENT_SCHEMAS, type DecodedEvent } from "@countersign/events";
import { ContentRefSchema, type ContentRef } from "@countersign/proto/event/v1/action_events_pb";

type Payload = { readonly type: string; readonly schemaVersion: number; readonly data: Uint8Array };

/** The payload, or undefined for one that this build does not know or cannot read: it is proved as bytes all the same. */
export function readPayload(event: Payload): DecodedEvent | undefined {
  try {
    return decodeEvent(event);
  } catch {
    return undefined;
  }
}

/** Every content that a payload refers to, in the order of its fields, each as often as it is named. */
export function contentRefs(event: DecodedEvent): readonly Uint8Array[] {
  const fields = refFields(event.type);
  // Most events have none.
  if (fields.length === 0) return NO_REFS;
  return fields.flatMap(({ localName }) => refsOf(Reflect.get(event.data, localName))).map(({ digest }) => digest);
}

const NO_REFS: readonly Uint8Array[] = [];

/** The fields of an event's payload that refer to content. */
export const refFields = (type: string): readonly DescField[] => REF_FIELDS.get(type) ?? NO_FIELDS;

const NO_FIELDS: readonly DescField[] = [];

function refsOf(value: unknown): readonly ContentRef[] {
  return (Array.isArray(value) ? value : [value]).filter(isRef);
}

function isRef(value: unknown): value is ContentRef {
  return typeof value === "object" && value !== null && "$typeName" in value && value.$typeName === ContentRefSchema.typeName;
}

/** From the descriptors: a new event that refers to content needs no change here. */
const REF_FIELDS: ReadonlyMap<string, readonly DescField[]> = new Map(
  Object.entries(EVENT_SCHEMAS)
    .map(([type, schema]): [string, readonly DescField[]] => [type, schema.fields.filter(isRefField)])
    .filter(([, fields]) => fields.length > 0),
);

function isRefField(field: DescField): boolean {
  return messageOf(field)?.typeName === ContentRefSchema.typeName;
}

function messageOf(field: DescField): DescMessage | undefined {
  if (field.fieldKind === "message") return field.message;
  return field.fieldKind === "list" && field.listKind === "message" ? field.message : undefined;
}
