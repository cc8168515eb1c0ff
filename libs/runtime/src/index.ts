export { readRuntimeConfig, type RuntimeConfig } from "./config.ts";
export { startEventRelay } from "./event-relay.ts";
export { closeOnSignal, runService, type Closeable } from "./run-service.ts";
export { connectRuntime, type ConnectedRuntime, type Runtime } from "./runtime.ts";
