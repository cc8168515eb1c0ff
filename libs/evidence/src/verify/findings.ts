import { visible } from "@countersign/review-view";
import type { Trust } from "./trust.ts";
import type { Verification } from "./verify-archive.ts";

/** What a verification amounts to, in sentences. */
export type Findings = {
  /** What the archive is about. */
  readonly about: readonly string[];
  readonly checked: readonly string[];
  /** What nobody may conclude from a verification without flaws. */
  readonly unchecked: readonly string[];
  readonly flaws: readonly string[];
};

export function findingsOf(verification: Verification, trust: Trust): Findings {
  const { flaws } = verification;
  const more = flaws.count - flaws.listed.length;
  return {
    about: about(verification),
    checked: checked(verification, trust),
    unchecked: unchecked(verification, trust),
    flaws: [
      ...flaws.listed.map(({ code, position, member, offset, detail }) =>
        [
          code,
          ...(position === undefined ? [] : [`position ${position}`]),
          ...(member === undefined ? [] : [member]),
          ...(offset === undefined ? [] : [`byte ${offset}`]),
          detail,
        ].join(", "),
      ),
      ...(more > 0 ? [`${more} more, not listed`] : []),
    ],
  };
}

function about({ header, checkpoint, check, bytes, digest }: Verification): readonly string[] {
  const lines: string[] = [];
  if (header !== undefined) {
    const { tenant, ledger, from, to, firstSequence, lastSequence } = header;
    const begin = from === undefined ? "the tenant's first event" : new Date(from).toISOString();
    lines.push(
      `tenant ${JSON.stringify(tenant)} in ledger ${JSON.stringify(ledger)}, from ${begin} to before ${new Date(to).toISOString()}`,
    );
    const events = check?.chain.events ?? 0;
    lines.push(
      lastSequence < firstSequence
        ? "no event in this period"
        : `${events} events, numbers ${firstSequence} to ${lastSequence} of the tenant; ${(check?.entries ?? 0) - events} events beside the period`,
    );
  }
  if (checkpoint !== undefined) {
    const { origin, size, root } = checkpoint.checkpoint;
    lines.push(`checkpoint of ${origin} over ${size} entries, root ${Buffer.from(root).toString("base64")}`);
  }
  lines.push(`${bytes} bytes${digest === undefined ? "" : `, SHA-256 ${digest}`}`);
  return lines;
}

/** Only what was done, whatever came of it: the flaws say what came of it. */
function checked({ header, check, checkpoint, policies }: Verification, trust: Trust): readonly string[] {
  if (header === undefined || check === undefined || checkpoint === undefined) return [];
  const { counts } = check;
  return [
    `the checkpoint's signature, against ${trust.keys.length === 0 ? "the policy's logs" : "the pinned key"}`,
    ...(trust.policy === undefined
      ? []
      : [`its witnesses, against the policy: ${checkpoint.witnesses.map(({ name }) => name).join(", ") || "none"}`]),
    `${check.entries} entries: bytes, leaf hashes, and their places in the tree of the checkpoint`,
    "that none of the tenant's events is missing in the period (numbers and links)",
    `${check.streams.count} streams: versions and links`,
    `${counts.contents} contents against the salted hashes in the entries, ${policies} policy documents`,
    `${counts.digests} action digests, computed again from the input`,
    `${counts.votes} signatures of votes`,
    "times: deadlines of reviews and grants, and that the log does not run backwards",
    "every member against the manifest, and the tables against the entries",
  ];
}

function unchecked({ check, checkpoint, pages }: Verification, trust: Trust): readonly string[] {
  if (check === undefined) return ["the entries: without header and checkpoint they prove nothing"];
  const { counts } = check;
  const lines: string[] = [];
  const add = (count: number, text: string): void => void (count > 0 && lines.push(`${count} ${text}`));
  if (trust.policy === undefined) {
    lines.push(`whether witnesses saw the checkpoint: no policy was given (it has ${checkpoint?.signatures ?? 0} signature lines)`);
  }
  add(counts.absentContents, "contents were not in the archive: erased, as its events must say");
  add(counts.erasedLater, "contents were erased by events behind the archive, it says: an archive up to now has these events");
  add(counts.digestsUnverified, "action digests: their input was erased, or lies before the period");
  add(counts.votesUnverified, "signatures of votes: their keys are not known");
  add(counts.unknown, "payloads of a type or version that this verifier does not know; proved as bytes");
  add(check.streams.continued, "streams began before the period; their earlier events are not here");
  if (check.chain.skew > 0) lines.push(`times go back by up to ${check.chain.skew} ms, as clocks of several machines do`);
  if (trust.voteKeys === undefined) lines.push("whose keys signed the votes: the log names them by hash, no pinned set was given");
  lines.push("tokens of grants: the log holds only their hashes");
  add(pages, "pages of the report: they are for reading; the log's ExportProduced event holds the SHA-256 of the whole archive");
  return lines;
}

export function formatFindings({ about: head, checked: done, unchecked: open, flaws }: Findings): string {
  const section = (title: string, lines: readonly string[]): string =>
    lines.length === 0 ? "" : `\n${title}\n${lines.map((line) => `  ${visible(line).text}\n`).join("")}`;
  const verdict = flaws.length === 0 ? "\nno flaw\n" : section("FLAWS", flaws);
  return `${head.map((line) => `${visible(line).text}\n`).join("")}${section("checked", done)}${section("not checked", open)}${verdict}`;
}
