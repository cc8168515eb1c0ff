import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startReaper } from "@countersign/embedded";
import { startStandalone, type Standalone } from "@countersign/standalone";
import { allowed } from "./chapters/allowed.ts";
import { denied } from "./chapters/denied.ts";
import { edited } from "./chapters/edited.ts";
import { expired } from "./chapters/expired.ts";
import { proof } from "./chapters/proof.ts";
import { reviewed } from "./chapters/reviewed.ts";
import { createDemoDatabase } from "./demo-database.ts";
import { createNarrator } from "./narrator.ts";
import { demoPolicy } from "./policy.ts";
import { openClients, type Stage } from "./stage.ts";

/** `npm run demo`: a story on ephemeral ports, in a temporary folder that is gone afterwards. Exit code 0 if, and only if, every check of the story held. */
async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "countersign-demo-"));
  // PostgreSQL runs as another user when we are root, and must get through.
  chmodSync(folder, 0o755);
  // Ctrl-C in the middle of the story leaves nothing behind either.
  const reaper = startReaper({ folder });
  const narrator = createNarrator(process.stdout);
  process.stdout.write(INTRODUCTION);
  let standalone: Standalone | undefined;
  try {
    standalone = await startStandalone({ dataDir: folder, port: 0 });
    await tell(standalone, folder, narrator);
  } finally {
    await standalone?.close();
    rmSync(folder, { recursive: true, force: true });
    reaper.dismiss();
  }
  process.stdout.write(`\nAll ${narrator.checked()} checks of the story held.\n`);
}

const INTRODUCTION = `Countersign: approval for exactly one action.

An agent works on a database of 200 customers and asks before each privileged action. What it then
does is real: rows change, files are written. A ✓ is a fact that was checked.

Starting PostgreSQL, nats-server and all services on free ports...

`;
async function tell(standalone: Standalone, folder: string, narrator: Stage["narrator"]): Promise<void> {
  const database = await createDemoDatabase(standalone.databaseUrl, folder);
  const clients = await openClients(standalone);
  try {
    const stage: Stage = { narrator, database, actions: new Map(), as: clients.as };
    await publishPolicy(stage);
    for (const chapter of [allowed, reviewed, denied, edited, expired, proof]) await chapter(stage);
  } finally {
    clients.close();
    await database.close();
  }
}

async function publishPolicy({ narrator, as }: Stage): Promise<void> {
  const { policies } = as("policy-admin");
  const { revision } = await policies.publishPolicy({ document: demoPolicy() });
  await policies.activatePolicy({ revision: revision?.revision ?? 0n });
  narrator.says(
    "policy-admin",
    `publishes and activates revision ${revision?.revision ?? 0n}: the starter policy and a rule for campaigns`,
  );
}

await main();
