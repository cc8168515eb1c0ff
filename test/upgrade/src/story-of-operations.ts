import { setTimeout as sleep } from "node:timers/promises";
import { readAuditConfig, repairLedgerTiles } from "@countersign/audit";
import { openDatabase } from "@countersign/database";
import type { RunningBuild } from "./running-build.ts";
import { eventually } from "./scenes.ts";

/** Waits until all that the log holds is sealed; the checkpoint. */
export async function sealed(build: RunningBuild): Promise<{ readonly checkpoint: string; readonly key: string }> {
  const auditor = await build.as("auditor");
  const newest = () => auditor.audit.getCheckpoint({}).catch(() => undefined);
  await eventually("everything is sealed", async () => sizeOf((await newest())?.checkpoint ?? "") >= (await headOf(build)));
  const found = await newest();
  return { checkpoint: found?.checkpoint ?? "", key: found?.verifierKeys[0] ?? "" };
}

/** The second line of a checkpoint. */
const sizeOf = (checkpoint: string): number => Number(checkpoint.split("\n")[1] ?? 0);

async function headOf({ runtime }: RunningBuild): Promise<number> {
  const { rows } = await runtime.database.pool.query<{ next: number }>("select next_position as next from event_log.ledger_head");
  return rows[0]?.next ?? 0;
}

/** The database came back without what was sealed: an operator begins a new epoch. */
export async function beginNewEpoch(build: RunningBuild): Promise<void> {
  const operator = await build.as("operator");
  const begun = () =>
    operator.audit.startEpoch({}).then(
      () => true,
      () => false,
    );
  await eventually("the seal is refused and a new epoch begins", async () => (await begun()) || (await sleep(200), false));
}

/** Dead letters are handed out again and given up, a damaged tile is mended, and an archive is made. */
export async function playOperations(build: RunningBuild, ownerUrl: string): Promise<void> {
  const operator = await build.as("operator");
  await withOwner(ownerUrl, async (query) => {
    for (const consumer of ["approval.timers", "notifier.deliveries"]) {
      await query(`insert into bus.dead_letter (consumer, ledger, position, tenant, stream_type, stream_id, event_type, error, attempts)
        select '${consumer}', ledger, position, tenant, stream_type, stream_id, type, 'TypeError', 3 from event_log.event
        where type = 'ActionCancelled' order by position limit 1`);
    }
  });
  const { deadLetters } = await operator.audit.listDeadLetters({});
  for (const { consumer, position } of deadLetters) {
    if (consumer === "approval.timers") await operator.audit.replayDeadLetters({ consumer });
    else await operator.audit.discardDeadLetter({ consumer, position, reason: "nobody waits for it" });
  }
  await eventually(
    "the dead letter is handled",
    async () => (await operator.audit.listDeadLetters({ consumer: "approval.timers" })).deadLetters.length === 0,
  );
  await sealed(build);
  await withOwner(ownerUrl, async (query) => {
    const triggers = (how: string) => ["grow_only", "keep"].map((name) => `alter table audit.tile ${how} trigger ${name}`).join(";");
    const flip = "update audit.tile set hashes = set_byte(hashes, 1, get_byte(hashes, 1) # 1) where level = 0 and index = 0 and epoch = 2";
    await query([triggers("disable"), flip, triggers("enable always")].join(";"));
  });
  const { sealing } = readAuditConfig(build.env);
  if (sealing === undefined) throw new Error("nothing is sealed here");
  await repairLedgerTiles({ url: ownerUrl, ledger: "main", sealing, appendKeys: build.runtime.appendKeys, by: "olga", time: new Date() });
}

/** An archive of the tenant, as an auditor gets it. */
export async function exportArchive(build: RunningBuild): Promise<Buffer> {
  const auditor = await build.as("auditor");
  const chunks: Uint8Array[] = [];
  for await (const { chunk } of auditor.audit.export({})) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function withOwner(url: string, work: (query: (statement: string) => Promise<unknown>) => Promise<void>): Promise<void> {
  const owner = openDatabase({ url, role: null });
  try {
    await work((statement) => owner.pool.query(statement));
  } finally {
    await owner.close();
  }
}
