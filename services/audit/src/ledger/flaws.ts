/** Something in the ledger or a projection that is not as it must be. Names no tenant and no content: operators of every tenant see it. */
export type Flaw = { readonly position: number; readonly kind: FlawKind; readonly detail: string };

export type FlawKind =
  /** Events are missing from here on. */
  | "POSITION_GAP"
  /** The entry's bytes cannot be read. */
  | "ENTRY"
  /** The stored leaf hash is not the entry's. */
  | "LEAF_HASH"
  /** A column says something else than the entry. */
  | "COLUMN"
  | "STREAM_VERSION"
  | "TENANT_SEQUENCE"
  /** A link to the previous event of the stream or the tenant does not lead there. */
  | "LINK"
  /** A projection is not what the log says. */
  | "PROJECTION"
  /** Stands for those that did not fit into the list. */
  | "MORE";

const LISTED = 1000;

/** Keeps the first thousand and counts the rest, so that a ruined ledger cannot exhaust memory. */
export class FlawList {
  readonly #listed: Flaw[] = [];
  #unlisted = 0;

  add(flaw: Flaw): void {
    if (this.#listed.length < LISTED) this.#listed.push(flaw);
    else this.#unlisted += 1;
  }

  list(): readonly Flaw[] {
    const last = this.#listed.at(-1);
    if (this.#unlisted === 0 || last === undefined) return this.#listed;
    return [...this.#listed, { position: last.position, kind: "MORE", detail: `${this.#unlisted} more, not listed` }];
  }
}
