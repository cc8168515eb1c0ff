import { runService } from "@countersign/runtime";
import { startAudit } from "./app.ts";
import { readAuditConfig } from "./config.ts";

await runService("audit", (runtime) => startAudit({ ...runtime, config: readAuditConfig(process.env) }));
