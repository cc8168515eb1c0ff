import { randomUUID } from "node:crypto";
import { expect } from "vitest";
import type { Verdict } from "../domain/values.ts";
import { verdict } from "./fixtures.ts";
import { exportInput, shownOf, type TestApproval } from "./test-approval.ts";

/** Asks for the export while policy answers so; `none`: not at all. */
export async function ask(world: TestApproval, answer: Verdict | "none" = verdict("allow"), idempotencyKey: string = randomUUID()) {
  world.answer = answer === "none" ? undefined : answer;
  const { action, grantToken } = await world.call("RequestAction", { input: exportInput, idempotencyKey });
  if (action === undefined) throw new Error("no action");
  return { action, grantToken, shown: shownOf(action) };
}

/** The error that refuses for this reason. */
export function refusal(reason: string): unknown {
  return expect.objectContaining({ reason });
}
