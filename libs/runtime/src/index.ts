export type { AppendKeys } from "@countersign/event-log";
export { readAppendKeys } from "./append-keys.ts";
export { closeOnSignal, type Closeable } from "./close-on-signal.ts";
export { databaseUrlSetting, natsUrlSetting, readRuntimeConfig, type RuntimeConfig } from "./config.ts";
export { isSelfExplaining, runBusService, runService } from "./run-service.ts";
export { connectRuntime, type ConnectedRuntime, type Runtime, type RuntimeOptions } from "./runtime.ts";
export { CALL_WAIT_MS } from "@countersign/database";
export { checkDatabase } from "./unreachable.ts";
