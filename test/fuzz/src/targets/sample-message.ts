import { fromJson, ScalarType, toBinary, type DescEnum, type DescField, type DescMessage, type JsonValue } from "@bufbuild/protobuf";

const WELL_KNOWN: Readonly<Record<string, JsonValue>> = {
  "google.protobuf.Timestamp": "2026-03-01T12:00:00.5Z",
  "google.protobuf.Duration": "30s",
  "google.protobuf.Struct": { environment: "production", rows: 10, nested: { list: [1, "x", null, true] } },
  "google.protobuf.Value": { rows: 10 },
};

/** Texts that must have a form, by the name of their field. */
const TEXTS: Readonly<Record<string, string>> = {
  action_name: "db.export",
  grant_token: "eyJhbGciOiJFZERTQSJ9.eyJqdGkiOiJ4In0.c2ln",
  document: "apiVersion: countersign.dev/v1\nkind: Policy\nmetadata: { name: x }\nrules: []\n",
  traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
};
const UUID = "0198c5f0-0000-7000-8000-000000000001";
const DIGEST = Buffer.alloc(32, 7).toString("base64");

/** Messages of a type with everything in them, one for each member of its longest `oneof`: new fields are fuzzed without anybody's help. */
export function sampleMessages(schema: DescMessage): readonly Uint8Array[] {
  const variants = Math.max(1, ...schema.oneofs.map(({ fields }) => fields.length));
  return Array.from({ length: variants }, (_, variant) => toBinary(schema, fromJson(schema, sampleJson(schema, variant, 0))));
}

function sampleJson(schema: DescMessage, variant: number, depth: number): JsonValue {
  const known = WELL_KNOWN[schema.typeName];
  if (known !== undefined) return known;
  const fields = schema.fields.filter(
    (field) => field.oneof === undefined || field.oneof.fields[variant % field.oneof.fields.length] === field,
  );
  // Types that hold themselves end somewhere.
  const shallow = fields.filter((field) => depth < 4 || field.message === undefined || WELL_KNOWN[field.message.typeName] !== undefined);
  return Object.fromEntries(shallow.map((field) => [field.jsonName, fieldJson(field, variant, depth)]));
}

function fieldJson(field: DescField, variant: number, depth: number): JsonValue {
  const one = (): JsonValue => {
    if (field.message !== undefined) return sampleJson(field.message, variant, depth + 1);
    if (field.enum !== undefined) return enumJson(field.enum, variant);
    return scalarJson(field);
  };
  if (field.fieldKind === "list") return [one()];
  if (field.fieldKind === "map") return { key: one() };
  return one();
}

const enumJson = ({ values }: DescEnum, variant: number): number => values[(variant % Math.max(1, values.length - 1)) + 1]?.number ?? 0;

function scalarJson({ name, parent, scalar }: DescField): JsonValue {
  if (scalar === ScalarType.BOOL) return true;
  if (scalar === ScalarType.BYTES) return DIGEST;
  if (scalar !== ScalarType.STRING) return 3;
  if (name === "name" && parent.typeName.endsWith(".Operation")) return "db.export";
  return TEXTS[name] ?? (/(^|_)id$/.test(name) ? UUID : "sample");
}
