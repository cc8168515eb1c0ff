import { randomBytes } from "node:crypto";
import "./provided.ts";

export type TestNats = {
  readonly url: string;
  /** First token of every subject, and part of every JetStream stream's name: one server serves all test files. */
  readonly prefix: string;
};

/** A subject prefix of its own on the nats-server (with JetStream) that `global-setup.ts` started for this vitest run. */
export async function testNats(): Promise<TestNats> {
  const { inject } = await import("vitest");
  return { url: inject("natsUrl"), prefix: `t${randomBytes(6).toString("hex")}` };
}
