import type { ArchiveHeader } from "../header.ts";
import type { FlawList } from "./flaws.ts";
import { HASH_WORDS, LEAF, ROW_WORDS, sameWords, TENANT_LINK, type SegmentRows } from "./segment-facts.ts";

/** Clocks of one deployment differ by less. */
const CLOCK_SKEW_MS = 300_000;

/**
 * That no event of the tenant is missing in the period: every entry carries its number among the tenant's events and the leaf hash of the one before. Stands
 * on the entries of this tenant alone.
 */
export class TenantChain {
  readonly #header: ArchiveHeader;
  readonly #flaws: FlawList;
  #sequence = 0;
  readonly #leaf = new Int32Array(HASH_WORDS);
  #time = Number.NEGATIVE_INFINITY;
  /** Events of the period. */
  events = 0;
  /** The largest step back in time, in milliseconds, that is still taken for clocks that differ. */
  skew = 0;

  constructor(header: ArchiveHeader, flaws: FlawList) {
    this.#header = header;
    this.#flaws = flaws;
  }

  /** The entry, as the tree holds it; `policy`: of a stream of policies. */
  add(rows: SegmentRows, row: number, policy: boolean): void {
    const position = rows.positions[row] ?? 0;
    const sequence = rows.sequences[row] ?? 0;
    const time = rows.times[row] ?? 0;
    const { firstSequence, lastSequence } = this.#header;
    const flaw = (code: "TENANT_SEQUENCE" | "TENANT_LINK" | "FOREIGN" | "TIME", detail: string): void =>
      this.#flaws.add({ code, position, detail });

    if (sequence > lastSequence + 1) flaw("FOREIGN", `number ${sequence} of the tenant lies behind the period`);
    if (sequence < firstSequence - 1 && !policy) {
      flaw("FOREIGN", `number ${sequence} of the tenant lies before the period and is of no policy`);
    }
    if (sequence === this.#sequence + 1) {
      if (!sameWords(rows.hashes, row * ROW_WORDS + TENANT_LINK, this.#leaf, 0))
        flaw("TENANT_LINK", "the link to the tenant's previous event leads elsewhere");
    } else if (sequence <= this.#sequence) {
      flaw("TENANT_SEQUENCE", `number ${sequence} of the tenant follows ${this.#sequence}`);
    } else if (sequence >= firstSequence) {
      flaw("TENANT_SEQUENCE", `numbers ${Math.max(this.#sequence + 1, firstSequence - 1)} to ${sequence - 1} of the tenant are missing`);
    }
    if (sequence >= firstSequence && sequence <= lastSequence) this.events += 1;
    const back = this.#time - time;
    if (back > CLOCK_SKEW_MS) flaw("TIME", `time runs back by ${Math.round(back / 1000)} seconds`);
    this.skew = Math.max(this.skew, back > CLOCK_SKEW_MS ? 0 : back);
    this.#time = Math.max(this.#time, time);
    this.#border(sequence, time, position);
    this.#follow(sequence, rows, row);
  }

  /** Goes on behind an entry that was not as it must be. */
  skip(rows: SegmentRows, row: number): void {
    this.#follow(this.#sequence + 1, rows, row);
  }

  #follow(sequence: number, { hashes }: SegmentRows, row: number): void {
    this.#sequence = sequence;
    const at = row * ROW_WORDS + LEAF;
    for (let word = 0; word < HASH_WORDS; word += 1) this.#leaf[word] = hashes[at + word] ?? 0;
  }

  /** The event behind the period must be there, so that nothing can be missing before it: its own end an archive could set anywhere. */
  end(): void {
    const { lastSequence } = this.#header;
    if (this.#sequence > lastSequence) return;
    const detail =
      this.#sequence < lastSequence
        ? `numbers ${this.#sequence + 1} to ${lastSequence} of the tenant are missing`
        : `number ${lastSequence + 1} of the tenant is missing, the one behind the period: its end may be cut off`;
    this.#flaws.add({ code: "TENANT_SEQUENCE", detail });
  }

  #border(sequence: number, time: number, position: number): void {
    const { from, to, firstSequence, lastSequence } = this.#header;
    const flaw = (detail: string): void => this.#flaws.add({ code: "PERIOD", position, detail });
    if (sequence === firstSequence - 1 && (from === undefined || time >= from)) flaw("the event before the period has a time in it");
    if (sequence === lastSequence + 1 && time < to) flaw("the event behind the period has a time in it or before");
    if (firstSequence > lastSequence) return;
    if (sequence === firstSequence && from !== undefined && time < from) flaw("the period's first event is older than the period");
    if (sequence === lastSequence && time >= to) flaw("the period's last event is newer than the period");
  }
}
