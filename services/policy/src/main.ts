import { runService } from "@countersign/runtime";
import { startPolicy } from "./app.ts";
import { readPolicyConfig } from "./config.ts";

await runService("policy", (runtime) => startPolicy({ ...runtime, config: readPolicyConfig(process.env) }));
