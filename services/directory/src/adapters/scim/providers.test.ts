import { readFileSync } from "node:fs";
import { createMemoryEventLog } from "@countersign/event-log/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runDirectory, type RunningTestDirectory } from "../../testing/running-directory.ts";

type Step = {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly status: number;
  /** Members that the reply has, at least. */
  readonly expect?: Readonly<Record<string, unknown>>;
  /** Keeps the reply's id under this name, for `{name}` in later steps. */
  readonly save?: string;
};
type Conversation = { readonly source: string; readonly steps: readonly Step[] };

/** Requests in the shape in which providers send them, by their own documentation (`source`). */
describe.each(["entra", "okta"])("what %s sends", (provider) => {
  const text = readFileSync(new URL(`../../../testdata/${provider}.json`, import.meta.url), "utf8");
  const { steps } = JSON.parse(text) as Conversation;
  const ids = new Map<string, string>();
  const filled = <Value>(value: Value): Value =>
    JSON.parse(JSON.stringify(value).replaceAll(/\{(user|group)\}/g, (_, name: string) => ids.get(name) ?? "?")) as Value;
  let directory: RunningTestDirectory;
  beforeAll(async () => {
    directory = await runDirectory(createMemoryEventLog({ ledger: "main" }));
  });
  afterAll(() => directory.close());

  it.each(steps)("$method: $name", async ({ method, path, body, status, expect: members = {}, save }) => {
    const answer = await directory.scim(method, filled(path), body === undefined ? undefined : filled(body));
    expect(answer).toMatchObject({ status, body: filled(members) });
    if (status !== 204) expect(answer.headers.get("content-type")).toMatch(/^application\/scim\+json/);
    if (save !== undefined) ids.set(save, String(answer.body["id"]));
  });
});
