export { createMemoryEventLog } from "./memory-event-log.ts";
