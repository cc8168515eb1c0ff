/** Names of an archive's members, in the order in which they stand. docs/evidence-archive.md says what each holds. */
export const HEADER = "archive.json";
export const CHECKPOINT = "checkpoint";
export const LOG_KEYS = "keys/log.vkeys";
export const GRANT_KEYS = "keys/grants.jwks.json";
export const DESCRIPTORS = "schema/descriptors.binpb";
export const LAST_TREE = "log/end.tree";
export const SUMMARY_PAGE = "report/index.html";
export const MANIFEST = "manifest.sha256";

export const SEGMENT_PARTS = ["index", "tree", "entries", "contents", "csv"] as const;
export type SegmentPart = (typeof SEGMENT_PARTS)[number];

/** `log/000000.index`: part of a segment, a stretch of the log that is small enough to be held in memory. */
export const segmentMember = (segment: number, part: SegmentPart): string => `log/${String(segment).padStart(6, "0")}.${part}`;

/** `report/actions-000000.html` */
export const actionsPage = (number: number): string => `report/actions-${String(number).padStart(6, "0")}.html`;

/** `policies/1.yaml`, by revision. */
export const policyDocument = (revision: bigint): string => `policies/${revision}.yaml`;

/** What a member can be, by its name. Any other name does not belong into an archive. */
export type MemberKind =
  | { readonly kind: "header" | "checkpoint" | "log_keys" | "grant_keys" | "descriptors" | "last_tree" | "page" | "manifest" }
  | { readonly kind: "segment"; readonly segment: number; readonly part: SegmentPart }
  | { readonly kind: "policy"; readonly revision: bigint };

const FIXED: ReadonlyMap<string, MemberKind> = new Map([
  [HEADER, { kind: "header" }],
  [CHECKPOINT, { kind: "checkpoint" }],
  [LOG_KEYS, { kind: "log_keys" }],
  [GRANT_KEYS, { kind: "grant_keys" }],
  [DESCRIPTORS, { kind: "descriptors" }],
  [LAST_TREE, { kind: "last_tree" }],
  [SUMMARY_PAGE, { kind: "page" }],
  [MANIFEST, { kind: "manifest" }],
]);

/** Undefined for a name that no archive has: paths upwards, absolute ones, and whatever else somebody thought of. */
export function memberKind(name: string): MemberKind | undefined {
  const fixed = FIXED.get(name);
  if (fixed !== undefined) return fixed;
  const [, segment, part] = /^log\/([0-9]{6})\.([a-z]+)$/.exec(name) ?? [];
  const known = SEGMENT_PARTS.find((candidate) => candidate === part);
  if (segment !== undefined && known !== undefined) return { kind: "segment", segment: Number(segment), part: known };
  const revision = /^policies\/([1-9][0-9]{0,17})\.yaml$/.exec(name)?.[1];
  if (revision !== undefined) return { kind: "policy", revision: BigInt(revision) };
  return /^report\/actions-[0-9]{6}\.html$/.test(name) ? { kind: "page" } : undefined;
}

/** No member is longer: a reader holds one at a time. The manifest has a line of some 90 bytes for each of the others. */
export const MAX_MEMBER_BYTES = 16 * 1024 * 1024;
export const MAX_MANIFEST_BYTES = 512 * 1024 * 1024;
