export { writeArchive, type EvidenceInput, type ExportedEntry, type Reporter, type WrittenArchive } from "./write-archive.ts";
export { verifyArchive, type Verification } from "./verify/verify-archive.ts";
export { EvidenceError, type EvidenceErrorCode } from "./error.ts";
export type { ArchiveHeader } from "./header.ts";
export type { GrantKey } from "./grant-keys.ts";
export type { Contents } from "./segment-buffer.ts";
export type { EntryView } from "./entry-view.ts";
export type { Flaw, FlawCode } from "./verify/flaws.ts";
export type { Trust } from "./verify/trust.ts";
