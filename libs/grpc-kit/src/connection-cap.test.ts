import { silentLogger } from "@countersign/telemetry";
import { Server } from "@grpc/grpc-js";
import { expect, it, vi } from "vitest";
import { capConnections } from "./connection-cap.ts";

it("P7: nothing listens that cannot be capped", () => {
  const server = new Server();
  const shutDown = vi.spyOn(server, "forceShutdown");
  expect(() => capConnections(server, 1, silentLogger)).toThrow("elsewhere");
  expect(shutDown).toHaveBeenCalledTimes(1);
});
