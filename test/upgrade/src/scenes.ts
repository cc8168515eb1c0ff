import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { ActionInput } from "@countersign/client";

/** An action of the agent, in a run of its own. */
export function input(name: string, properties: Record<string, string | number> = {}): ActionInput {
  return {
    subject: { type: "agent", id: "crm-agent" },
    action: { name, properties },
    resource: { type: "database", id: "crm" },
    context: { environment: "production", justification: "baseline", run_id: randomUUID() },
  };
}

/** Waits for a condition, however busy the machine is. */
export async function eventually(what: string, holds: () => Promise<boolean>): Promise<void> {
  const startedAt = performance.now();
  while (!(await holds())) {
    if (performance.now() - startedAt > 30_000) throw new Error(`waited in vain: ${what}`);
    await sleep(20);
  }
}
