export type { Asking } from "./ask-countersign.ts";
export { runGuard, type Host, type ServerProgram } from "./run-guard.ts";
