import { runService } from "@countersign/runtime";
import { startAllServices } from "./all-services.ts";

// All services in one process on a PostgreSQL and a nats-server that run already: the layout of a small deployment.
await runService(
  "countersign",
  async (runtime) => {
    const services = await startAllServices(runtime, process.env);
    runtime.logger.info({ address: services.address }, "gRPC is served");
    return services;
  },
  { commands: "in-process", relay: true },
);
