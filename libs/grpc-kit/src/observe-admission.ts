import { ATTRIBUTES, observe } from "@countersign/telemetry";
import type { Admission } from "./admission.ts";

/** How full the front door is. */
export function observeAdmission(admission: Pick<Admission, "counts">): () => void {
  return observe(
    { "countersign.rpc.calls": { description: "Calls under way: worked on or in line, or waiting for people or events" } },
    () => {
      const { inFlight, parked } = admission.counts;
      return {
        "countersign.rpc.calls": [
          { value: inFlight, attributes: { [ATTRIBUTES.state]: "in_flight" } },
          { value: parked, attributes: { [ATTRIBUTES.state]: "waiting" } },
        ],
      };
    },
  );
}
