import { ATTRIBUTES } from "./attributes.ts";
import { observe } from "./observe.ts";
import type { Readiness } from "./readiness.ts";

/** What `/readyz` says, as a gauge for each check: so that an alert can name what is missing. */
export function observeReadiness(readiness: Readiness): () => void {
  return observe({ "countersign.ready": { description: "1 while a check of this process is fine" } }, async () => {
    const { checks } = await readiness.look();
    return {
      "countersign.ready": Object.entries(checks).map(([check, problem]) => ({
        value: problem === "ok" ? 1 : 0,
        attributes: { [ATTRIBUTES.check]: check },
      })),
    };
  });
}
