import { describeEventLog } from "./event-log.contract.ts";
import { createMemoryEventLog } from "./memory-event-log.ts";

describeEventLog("the memory event log", async () => createMemoryEventLog({ ledger: "main" }));
