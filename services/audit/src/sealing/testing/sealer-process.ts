import { openDatabase } from "@countersign/database";
import { createPostgresEventLog } from "@countersign/event-log";
import { silentLogger } from "@countersign/telemetry";
import { readKeyFile } from "../adapters/key-files.ts";
import { startSealing } from "../start-sealing.ts";

// A sealer in a process of its own, for tests that kill it: `node sealer-process.ts <database url> <ledger> <anchor directory> <key file> <origin>`.
const [url = "", ledger = "", anchorDirectory = "", keyFile = "", origin = ""] = process.argv.slice(2);
await startSealing(
  {
    origin,
    keys: { signing: [readKeyFile(keyFile)], retired: [] },
    anchorDirectory,
    intervalMs: 10,
    witnesses: undefined,
    tiles: undefined,
  },
  { database: openDatabase({ url }), log: createPostgresEventLog({ url, ledger }), logger: silentLogger, termMs: 300 },
);
process.stdout.write("sealing\n");
