import { openDatabase } from "@countersign/database";
import { createTestEventLog, TEST_APPEND_KEYS } from "@countersign/event-log/testing";
import { silentLogger } from "@countersign/telemetry";
import { readKeyFile } from "../adapters/key-files.ts";
import { startSealing } from "../start-sealing.ts";
import { sealingConfig } from "./sealed-ledger.ts";

// A sealer in a process of its own, for tests that kill it: `node sealer-process.ts <database url> <ledger> <anchor directory> <key file>`.
const [url = "", ledger = "", anchorDirectory = "", keyFile = ""] = process.argv.slice(2);
await startSealing(sealingConfig(readKeyFile(keyFile), anchorDirectory), {
  database: openDatabase({ url }),
  log: createTestEventLog({ url, ledger }),
  appendKeys: TEST_APPEND_KEYS,
  logger: silentLogger,
  termMs: 300,
});
process.stdout.write("sealing\n");
