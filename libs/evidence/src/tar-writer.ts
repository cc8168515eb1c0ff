import { createHash } from "node:crypto";
import type { ManifestLine } from "./manifest.ts";
import { paddingOf, TAR_END, tarHeader } from "./tar.ts";

/** Makes the bytes of a tar archive, member by member, and remembers what a manifest has to say. */
export class TarWriter {
  readonly manifest: ManifestLine[] = [];
  readonly #digest = createHash("sha256");
  #bytes = 0;

  /** Length of the archive so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** A member's header, bytes and padding. */
  member(name: string, body: Uint8Array): readonly Uint8Array[] {
    this.manifest.push({ name, sha256: createHash("sha256").update(body).digest("hex") });
    return this.#count([tarHeader(name, body.length), body, new Uint8Array(paddingOf(body.length))]);
  }

  end(): readonly Uint8Array[] {
    return this.#count([TAR_END]);
  }

  /** SHA-256 of all bytes; ends the writer. */
  digest(): Buffer {
    return this.#digest.digest();
  }

  #count(parts: readonly Uint8Array[]): readonly Uint8Array[] {
    for (const part of parts) {
      this.#digest.update(part);
      this.#bytes += part.length;
    }
    return parts.filter(({ length }) => length > 0);
  }
}
