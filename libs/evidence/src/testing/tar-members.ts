import { createHash } from "node:crypto";
import { BLOCK, paddingOf, readTarHeader, TAR_END, tarHeader } from "../tar.ts";

export type TarMember = { readonly name: string; readonly body: Buffer };

/** An archive's members, to be tampered with. */
export function splitTar(archive: Buffer): TarMember[] {
  const members: TarMember[] = [];
  for (let at = 0; at < archive.length - TAR_END.length;) {
    const { name, size } = readTarHeader(archive.subarray(at, at + BLOCK)) ?? { name: "", size: 0 };
    members.push({ name, body: Buffer.from(archive.subarray(at + BLOCK, at + BLOCK + size)) });
    at += BLOCK + size + paddingOf(size);
  }
  return members;
}

/** Puts members together with a manifest that fits them: what somebody makes who tampers with care. */
export function joinTar(members: readonly TarMember[]): Buffer {
  const others = members.filter(({ name }) => name !== "manifest.sha256");
  const lines = others.map(({ name, body }) => `${createHash("sha256").update(body).digest("hex")}  ${name}\n`);
  const all = [...others, { name: "manifest.sha256", body: Buffer.from(lines.join("")) }];
  return Buffer.concat([
    ...all.flatMap(({ name, body }) => [tarHeader(name, body.length), body, Buffer.alloc(paddingOf(body.length))]),
    TAR_END,
  ]);
}
