import { describeEventLog } from "./event-log.contract.ts";
import { createMemoryEventLog } from "./memory-event-log.ts";
import { describeConcurrentAppends } from "./concurrent-appends.contract.ts";

describeEventLog("the memory event log", async () => createMemoryEventLog({ ledger: "main" }));
describeConcurrentAppends("the memory event log", async () => [createMemoryEventLog({ ledger: "main" })], 100);
