import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { migrate } from "@countersign/database";
import { freePort, startNatsServer, startPostgres } from "@countersign/embedded";
import { EVENT_SCHEMAS } from "@countersign/events";
import { ALL_MIGRATIONS } from "@countersign/server";
import { createLogger } from "@countersign/telemetry";
import { textsOf, writeBaseline } from "./baseline.ts";
import { readTables } from "./ledger-copy.ts";
import { layKeys, startBuild, type RunningBuild } from "./running-build.ts";
import { eventually, input } from "./scenes.ts";
import { settableDate } from "./settable-date.ts";
import { silenceable } from "./silenceable.ts";
import { playPeople } from "./story-of-people.ts";
import { beginNewEpoch, exportArchive, playOperations, sealed } from "./story-of-operations.ts";
import { leaveOpenEnds, playActions, publishPolicy, typesOf } from "./story.ts";

// Makes `baseline/`: a ledger with every type of event, as this build leaves it. `npm run upgrade:baseline`, at a release.
const root = mkdtempSync(join(tmpdir(), "countersign-baseline-"));
chmodSync(root, 0o755);
const postgres = await startPostgres({ dataDir: join(root, "postgres") });
const nats = await startNatsServer({ storeDir: join(root, "nats"), jetstream: true });
const folder = join(root, "keys");
const clock = settableDate();
const policy = silenceable("policy");

async function build(name: string): Promise<RunningBuild & { readonly ownerUrl: string }> {
  const server = new pg.Client({ connectionString: postgres.url });
  await server.connect();
  await server.query(`create database ${name}`);
  await server.end();
  const url = new URL(postgres.url);
  url.pathname = `/${name}`;
  await migrate(url.href, ALL_MIGRATIONS);
  const started = await startBuild({
    databaseUrl: url.href,
    nats: { url: nats.url, prefix: name },
    folder,
    logger: createLogger("baseline", "fatal"),
    scimPort: await freePort(),
    commands: policy.stand,
  });
  return { ...started, ownerUrl: url.href };
}

/** Every consumer has taken in every event. */
async function settled({ runtime }: RunningBuild): Promise<void> {
  const behind = `select from bus.checkpoint c join event_log.ledger_head h using (ledger) where c.next_position < h.next_position`;
  await eventually("every consumer is at the head", async () => (await runtime.database.pool.query(behind)).rows.length === 0);
}

try {
  layKeys(folder);
  const lost = await build("lost");
  await publishPolicy(lost);
  await (await lost.as("crm-agent")).requestAction(input("db.tag.update"));
  await sealed(lost);
  await lost.close();

  const kept = await build("kept");
  await publishPolicy(kept);
  await beginNewEpoch(kept);
  await playPeople(kept);
  await playActions(kept, clock);
  await playOperations(kept, kept.ownerUrl);
  const archive = await exportArchive(kept);
  const openEnds = await leaveOpenEnds(kept, policy.silence);
  const types = await typesOf(kept);
  const missing = Object.keys(EVENT_SCHEMAS).filter((type) => !types.has(type));
  if (missing.length > 0) throw new Error(`the story lacks ${missing.join(", ")}: play it in test/upgrade/src`);
  const { checkpoint, key } = await sealed(kept);
  await settled(kept);
  await kept.close();
  const commit = execFileSync("git", ["rev-parse", "HEAD"], { encoding: "utf8" }).trim();
  writeBaseline(
    { build: commit, time: new Date().toISOString(), openEnds, checkpoint, key },
    {
      migrations: textsOf(ALL_MIGRATIONS),
      tables: await readTables(
        kept.ownerUrl,
        ALL_MIGRATIONS.map(({ schema }) => schema),
      ),
      anchor: join(folder, "anchor"),
      archive,
    },
  );
} finally {
  await postgres.stop();
  await nats.stop();
  rmSync(root, { recursive: true, force: true });
}
