export { startGateway, type GatewayDeps, type RunningGateway } from "./app.ts";
export { readGatewayConfig, type GatewayConfig } from "./config.ts";
