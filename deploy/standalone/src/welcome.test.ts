import { describe, expect, it } from "vitest";
import { DEFAULT_DATA_DIR } from "./settings.ts";
import { cliFor, welcome } from "./welcome.ts";

const served = {
  address: "127.0.0.1:50051",
  tiles: "127.0.0.1:50052",
  databaseUrl: "postgres://postgres:hush@127.0.0.1:5432/postgres",
  natsUrl: "nats://countersign:hush@127.0.0.1:4222",
};

describe("what a newcomer is told", () => {
  it("can be typed where the data is elsewhere", () => {
    expect(welcome({ ...served, telemetry: undefined }, DEFAULT_DATA_DIR)).toContain(
      "\n  npm run countersign -- review list --as data-owner\n",
    );
    expect(cliFor("/data")).toBe("npm run countersign -- --data-dir /data");
    expect(welcome({ ...served, telemetry: undefined }, "/data")).toContain(`\n  ${cliFor("/data")} review list --as data-owner\n`);
  });

  it("names the port of the metrics, which may be a free one, and no password", () => {
    const text = welcome({ ...served, telemetry: "127.0.0.1:34567" }, DEFAULT_DATA_DIR);
    expect(text).toContain("http://127.0.0.1:34567/metrics");
    expect(text).not.toContain("hush");
  });
});
