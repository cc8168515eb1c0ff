import { MANIFEST } from "./members.ts";

/** A member, as the manifest names it: the SHA-256 of its bytes. */
export type ManifestLine = { readonly name: string; readonly sha256: string };

/** What `sha256sum` writes and `sha256sum --check` reads: a line for each member before this one, in order. */
export function formatManifest(lines: readonly ManifestLine[]): Buffer {
  return Buffer.from(lines.map(({ name, sha256 }) => `${sha256}  ${name}\n`).join(""));
}

/** Where the manifest and what was read differ, in words; empty when they agree to the byte. */
export function compareManifest(
  manifest: Buffer,
  read: readonly ManifestLine[],
): readonly { readonly member: string; readonly detail: string }[] {
  if (manifest.equals(formatManifest(read))) return [];
  const listed = new Map<string, string>();
  const flaws: { member: string; detail: string }[] = [];
  for (const [number, line] of manifest.toString("latin1").split("\n").slice(0, -1).entries()) {
    const [, sha256, name] = /^([0-9a-f]{64}) {2}(.+)$/.exec(line) ?? [];
    if (sha256 === undefined || name === undefined) flaws.push({ member: MANIFEST, detail: `line ${number + 1} is no line of a manifest` });
    else listed.set(name, sha256);
  }
  for (const { name, sha256 } of read) {
    const expected = listed.get(name);
    if (expected === undefined) flaws.push({ member: name, detail: "the manifest does not list it" });
    else if (expected !== sha256) flaws.push({ member: name, detail: "its SHA-256 is not the one in the manifest" });
    listed.delete(name);
  }
  for (const name of listed.keys()) flaws.push({ member: MANIFEST, detail: `it lists ${name}, which is not there` });
  return flaws.length > 0
    ? flaws
    : [{ member: MANIFEST, detail: "its lines are not in the order of the members, or not as they are written" }];
}
