export { startPolicy, type PolicyDeps } from "./app.ts";
export { readPolicyConfig, type PolicyConfig } from "./config.ts";
export { starterPolicy } from "./starter-policy.ts";
