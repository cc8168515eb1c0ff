import type { Stage } from "../stage.ts";

/** What the log says about all of it, and whether the log is sound. */
export async function proof({ narrator, actions, as }: Stage): Promise<void> {
  narrator.chapter("What the log says");
  for (const [name, actionId] of actions) {
    narrator.says("auditor", `reads the timeline of ${name}:`);
    const { entries } = await as("auditor").audit.getTimeline({ actionId });
    narrator.shows(entries.map(({ event, text }) => `${String(event?.position ?? "").padStart(3)}  ${text}`).join("\n"), " ".repeat(5));
  }
  const operator = as("operator");
  narrator.says("operator", "has every projection rebuilt from the log and compared");
  for (const { name, identical } of await operator.rebuild()) {
    narrator.checks(`projection ${name}, rebuilt from the log, is the same byte for byte`, identical);
  }
  const { events, flaws, rootHash } = await operator.fsck({
    onFlaw: ({ position, kind, detail }) => narrator.shows(`FLAW at ${position}: ${kind}: ${detail}`),
  });
  narrator.says("operator", `has everything checked: ${events} events with the Merkle root`);
  narrator.shows(Buffer.from(rootHash).toString("hex"));
  narrator.checks("every position, link and leaf hash is as it must be", flaws === 0n && events > 0n);
}
