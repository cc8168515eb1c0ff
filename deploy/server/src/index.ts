export { startAllServices, type AllServices } from "./all-services.ts";
export { compile } from "./compile.ts";
export { ALL_MIGRATIONS } from "./migrations.ts";
