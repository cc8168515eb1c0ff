// For test files.
export { testPostgres, type TestPostgres } from "./test-postgres.ts";
export { testNats, type TestNats } from "./test-nats.ts";
// Servers of one's own: crash tests, and everything that runs on one machine.
export { startPostgres, type PostgresOptions, type PostgresServer } from "./postgres-server.ts";
export { startNatsServer, type NatsServer, type NatsServerOptions } from "./nats-server.ts";
export { freePort } from "./free-port.ts";
