import type { RecordedEvent } from "@countersign/event-log";
import type { DecodedEvent } from "@countersign/events";
import { isoText } from "../csv.ts";
import { actionsPage, SUMMARY_PAGE } from "../members.ts";
import type { Contents } from "../segment-buffer.ts";
import type { Reporter } from "../write-archive.ts";
import { fragment, page, type Html } from "./html.ts";

/** What the pages say on top, and how they tell an event. */
export type ReportOptions = {
  readonly tenant: string;
  readonly ledger: string;
  readonly from: Date | undefined;
  readonly to: Date;
  /** One line for people. */
  readonly describe: (event: DecodedEvent, contents: Contents) => string;
};

type Section = { readonly title: string; readonly parts: Html[]; bytes: number };

/** Events after which an action does not move. */
const ENDS: ReadonlySet<string> = new Set([
  "ActionRejected",
  "ActionExpired",
  "ActionCancelled",
  "GrantExpired",
  "GrantRevoked",
  "ExecutionReported",
  "ExecutionUnreported",
]);
const PAGE_BYTES = 1024 * 1024;
/** Actions that are open at one time are held; beyond this the oldest is written as far as it is, and goes on in a later section. */
const OPEN_BYTES = 32 * 1024 * 1024;
const INPUT_CHARACTERS = 20_000;

/** Makes the pages of an archive: a section for each action, and a summary of the period. Holds the actions that are open, and one page. */
export function createHtmlReporter(options: ReportOptions): Reporter {
  return new HtmlReporter(options);
}

class HtmlReporter implements Reporter {
  readonly #options: ReportOptions;
  readonly #open = new Map<string, Section>();
  readonly #counts = new Map<string, number>();
  readonly #pages: Html[] = [];
  #openBytes = 0;
  #done: Html[] = [];
  #doneBytes = 0;

  constructor(options: ReportOptions) {
    this.#options = options;
  }

  add(event: RecordedEvent, payload: DecodedEvent | undefined, contents: Contents): void {
    const { stream, type, position, time, actor, streamVersion } = event;
    this.#counts.set(type, (this.#counts.get(type) ?? 0) + 1);
    const key = `${stream.type} ${stream.id}`;
    const section = this.#open.get(key) ?? { title: key, parts: [], bytes: 0 };
    this.#open.set(key, section);
    const line = payload === undefined ? "of a type that this build does not know" : this.#options.describe(payload, contents);
    const row = fragment`<tr><td>${position}</td><td>${streamVersion}</td><td>${isoText(time)}</td><td>${actor?.id ?? "a timer"}</td><td>${type}</td><td>${line}${inputOf(payload, contents)}</td></tr>`;
    section.parts.push(row);
    section.bytes += row.html.length;
    this.#openBytes += row.html.length;
    if (ENDS.has(type)) this.#close(key);
    const [oldest] = this.#openBytes > OPEN_BYTES ? this.#open.keys() : [];
    if (oldest !== undefined) this.#close(oldest);
  }

  pages(end: boolean): readonly { readonly name: string; readonly bytes: Uint8Array }[] {
    if (end) for (const key of this.#open.keys()) this.#close(key);
    const pages = this.#doneBytes >= PAGE_BYTES || (end && this.#done.length > 0) ? [this.#actions()] : [];
    return end ? [...pages, { name: SUMMARY_PAGE, bytes: this.#summary() }] : pages;
  }

  #close(key: string): void {
    const section = this.#open.get(key);
    if (section === undefined) return;
    this.#open.delete(key);
    this.#openBytes -= section.bytes;
    this.#doneBytes += section.bytes;
    this.#done.push(
      fragment`<h2 id="${section.title}">${section.title}</h2><table><tr><th>position</th><th>version</th><th>time</th><th>who</th><th>event</th><th>what</th></tr>${section.parts}</table>`,
    );
  }

  #actions(): { readonly name: string; readonly bytes: Uint8Array } {
    const name = actionsPage(this.#pages.length);
    const count = this.#done.length;
    this.#pages.push(fragment`<li><a href="${name.replace("report/", "")}">${name}</a>: ${count} actions and other streams</li>`);
    const bytes = page(`${this.#title()}, part ${this.#pages.length}`, this.#done);
    this.#done = [];
    this.#doneBytes = 0;
    return { name, bytes };
  }

  #summary(): Buffer {
    const counts = [...this.#counts].toSorted(([one], [other]) => (one < other ? -1 : 1));
    return page(this.#title(), [
      fragment`<p>
        Made for reading. What proves it is beside it: <code>countersign verify FILE --key VKEY</code> checks every entry against the signed
        checkpoint, with a key from where you trust it. The log holds the SHA-256 of the whole archive in an ExportProduced event.
      </p>`,
      fragment`<p>
        Ledger ${this.#options.ledger}. Events beside the period are counted too: the policies' before it, and the ones at its borders.
      </p>`,
      fragment`<table><tr><th>event</th><th>how many</th></tr>${counts.map(
        ([type, count]) => fragment`<tr><td>${type}</td><td>${count}</td></tr>`,
      )}</table>`,
      fragment`<ul>${this.#pages}</ul>`,
    ]);
  }

  #title(): string {
    const { tenant, from, to } = this.#options;
    return `Evidence of ${tenant}, ${from === undefined ? "from the first event" : from.toISOString()} to ${to.toISOString()}`;
  }
}

function inputOf(payload: DecodedEvent | undefined, contents: Contents): Html {
  if (payload?.type !== "ActionRequested" && payload?.type !== "ActionEdited") return fragment``;
  const content = contents.get(Buffer.from(payload.data.input?.digest ?? []).toString("hex"));
  if (content === undefined) return fragment`<pre>the input was erased</pre>`;
  const text = Buffer.from(content.body).toString("utf8");
  return fragment`<pre>
${text.slice(0, INPUT_CHARACTERS)}${text.length > INPUT_CHARACTERS ? ` … (${text.length} characters; all of it is in the archive)` : ""}</pre>`;
}
