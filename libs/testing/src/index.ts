export { testPostgres, type TestPostgres } from "./test-postgres.ts";
export { testNats, type TestNats } from "./test-nats.ts";
export { until } from "./until.ts";
// Servers of one's own, for tests that crash them.
export {
  freePort,
  startNatsServer,
  startPostgres,
  type NatsServer,
  type NatsServerOptions,
  type PostgresOptions,
  type PostgresServer,
} from "@countersign/embedded";
