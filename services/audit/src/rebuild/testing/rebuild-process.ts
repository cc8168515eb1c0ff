import { openDatabase } from "@countersign/database";
import { scanLedger } from "@countersign/event-log";
import { TEST_APPEND_KEYS } from "@countersign/event-log/testing";
import { silentLogger } from "@countersign/telemetry";
import { toFact } from "../../adapters/events/to-fact.ts";
import { busCheckpoints } from "../../adapters/postgres/checkpoints.ts";
import { actionsProjection } from "../../projections/actions/index.ts";
import { compareProjection } from "../compare-projection.ts";

// A rebuild in a process of its own, for tests that kill it: `node rebuild-process.ts <database url>` tells each batch that is durable, and how it ended.
const [url = ""] = process.argv.slice(2);
const database = openDatabase({ url });
const parts = {
  scan: (range: { readonly from: number; readonly to: number }) => scanLedger(database, "main", range, TEST_APPEND_KEYS),
  database: database.kysely<unknown>(),
  checkpoints: busCheckpoints("main"),
  logger: silentLogger,
  batch: 20,
};
const onProgress = ({ done }: { readonly done: number }): void => void process.stdout.write(`${done}\n`);
const { identical, version } = await compareProjection(parts, actionsProjection(toFact), { replace: true, onProgress });
process.stdout.write(`version ${version} ${identical ? "identical" : "differed"}\n`);
await database.close();
