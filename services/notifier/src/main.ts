import { runService } from "@countersign/runtime";
import { startNotifier } from "./app.ts";
import { readNotifierConfig } from "./config.ts";

await runService("notifier", (runtime) => startNotifier({ ...runtime, config: readNotifierConfig(process.env) }));
