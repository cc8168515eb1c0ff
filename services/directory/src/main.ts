import { runService } from "@countersign/runtime";
import { startDirectory } from "./app.ts";
import { readDirectoryConfig } from "./config.ts";

await runService("directory", (runtime) => startDirectory({ ...runtime, config: readDirectoryConfig(process.env) }));
