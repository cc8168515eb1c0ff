import { Field, type EntryFields } from "./entry-fields.ts";
import { KnownBytes } from "./known-bytes.ts";

/** Numbers for the streams of a segment, in the order in which they come. */
export class StreamNames {
  /** Type, NUL, id. */
  readonly names: string[] = [];
  readonly #byType = new Map<string, Map<string, number>>();
  readonly #types = new KnownBytes((type) => this.#idsOf(type));

  numberOf(entry: EntryFields): number {
    const { ids, type } = this.#types.find(entry.bytes, entry.begin(Field.streamType), entry.end(Field.streamType));
    // A text of bytes is what is made fastest, and is as good to tell ids apart.
    const id = entry.bytes.toString("latin1", entry.begin(Field.streamId), entry.end(Field.streamId));
    const known = ids.get(id);
    if (known !== undefined) return known;
    ids.set(id, this.names.length);
    this.names.push(`${type}\0${entry.text(Field.streamId)}`);
    return this.names.length - 1;
  }

  #idsOf(type: string): { readonly type: string; readonly ids: Map<string, number> } {
    const ids = this.#byType.get(type) ?? new Map<string, number>();
    this.#byType.set(type, ids);
    return { type, ids };
  }
}
