import { openDatabase } from "@countersign/database";
import { toFact } from "../../adapters/events/to-fact.ts";
import { actionsProjection } from "../../projections/actions/index.ts";
import { rebuildParts } from "../../testing/audit-database.ts";
import { compareProjection } from "../compare-projection.ts";

// A rebuild in a process of its own, for tests that kill it: `node rebuild-process.ts <database url>` tells each batch that is durable, and how it ended.
const [url = ""] = process.argv.slice(2);
const database = openDatabase({ url });
const parts = { ...rebuildParts(database), batch: 20 };
const onProgress = ({ done }: { readonly done: number }): void => void process.stdout.write(`${done}\n`);
const { identical, version } = await compareProjection(parts, actionsProjection(toFact), { replace: true, onProgress });
process.stdout.write(`version ${version} ${identical ? "identical" : "differed"}\n`);
await database.close();
