export type { Quota, Quotas } from "./quotas.ts";
export { readQuotas } from "./read-quotas.ts";
