import { runService, startEventRelay } from "@countersign/runtime";
import { startApproval } from "./app.ts";
import { readApprovalConfig } from "./config.ts";

await runService("approval", async (runtime, config) => {
  const relay = startEventRelay(runtime, config);
  const approval = await startApproval({ ...runtime, config: readApprovalConfig(process.env) });
  return {
    close: async () => {
      await approval.close();
      await relay.close();
    },
  };
});
