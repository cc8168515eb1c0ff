import { runService } from "@countersign/runtime";
import { startApproval } from "./app.ts";
import { readApprovalConfig } from "./config.ts";

await runService("approval", (runtime) => startApproval({ ...runtime, config: readApprovalConfig(process.env) }), {
  commands: "nats",
  relay: true,
});
