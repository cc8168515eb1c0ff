import { runService } from "@countersign/runtime";
import { startGateway } from "./app.ts";
import { readGatewayConfig } from "./config.ts";

await runService("gateway", (runtime) => startGateway({ ...runtime, config: readGatewayConfig(process.env) }));
