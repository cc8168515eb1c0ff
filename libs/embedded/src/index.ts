export { startPostgres, type PostgresOptions, type PostgresServer } from "./postgres-server.ts";
export { startNatsServer, type NatsServer, type NatsServerOptions } from "./nats-server.ts";
export { freePort } from "./free-port.ts";
export { isRunning, processStat } from "./is-running.ts";
// For other packages that leave something behind which must not outlive them.
export { startReaper, type Reaper } from "./reaper.ts";
