import { runBusService } from "@countersign/runtime";
import { startGateway } from "./app.ts";
import { readGatewayConfig } from "./config.ts";

await runBusService("gateway", (runtime) => startGateway({ ...runtime, config: readGatewayConfig(process.env) }));
