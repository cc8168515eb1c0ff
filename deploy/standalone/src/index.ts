export { developmentKeys, type DevelopmentKeys } from "./development-keys.ts";
export { startInfrastructure, type Infrastructure, type InfrastructureOptions } from "./infrastructure.ts";
export {
  COMPILE_CACHE,
  SERVICES,
  startServiceProcess,
  startServiceProcesses,
  type ServiceName,
  type ServiceProcess,
} from "./service-processes.ts";
export { startStandalone, type Standalone, type StandaloneOptions } from "./standalone.ts";
export { ensureStarterPolicy } from "./starter-policy.ts";
