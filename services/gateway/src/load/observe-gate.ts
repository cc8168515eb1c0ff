import { ATTRIBUTES, observe } from "@countersign/telemetry";
import type { Gate } from "./gate.ts";

/** How many calls are let in at once, and how many want to be. */
export function observeGate(gate: Pick<Gate, "counts">): () => void {
  return observe(
    {
      "countersign.rpc.calls.max": { description: "Calls that may be worked on at the same time: it adapts to how long they take" },
      "countersign.rpc.gate.calls": { description: "Calls at the gate: worked on, or in line for a place" },
    },
    () => {
      const { places, working, waiting } = gate.counts;
      return {
        "countersign.rpc.calls.max": [{ value: places }],
        "countersign.rpc.gate.calls": [
          { value: working, attributes: { [ATTRIBUTES.state]: "working" } },
          { value: waiting, attributes: { [ATTRIBUTES.state]: "in_line" } },
        ],
      };
    },
  );
}
