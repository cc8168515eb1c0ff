export { startAllServices, type AllServices } from "./all-services.ts";
export { ALL_MIGRATIONS } from "./migrations.ts";
