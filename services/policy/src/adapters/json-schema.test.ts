import { readFileSync } from "node:fs";
import { parsePolicyCases } from "@countersign/policy-cases";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { parseQuorum } from "../domain/quorum-text.ts";
import { compileText } from "./compile-text.ts";
import { documentSchema } from "./document-schema.ts";

const file = (name: string) => readFileSync(new URL(`../../${name}`, import.meta.url), "utf8");

describe("policy.schema.json", () => {
  it("is what the code checks", () => {
    const head = { $id: "https://countersign.dev/schemas/policy-v1.json", title: "Countersign policy" };
    const generated: unknown = { ...head, ...z.toJSONSchema(documentSchema, { io: "input" }) };
    expect(JSON.parse(file("policy.schema.json")), `policy.schema.json must become:\n${JSON.stringify(generated)}`).toEqual(generated);
  });

  it("takes the starter policy", () => {
    const schema = z.fromJSONSchema(z.record(z.string(), z.unknown()).parse(JSON.parse(file("policy.schema.json"))));
    expect(schema.safeParse(parse(file("starter-policy.yaml"))).error?.issues).toBeUndefined();
  });
});

describe("README.md", () => {
  it("shows policies that compile", () => {
    const examples = [...file("README.md").matchAll(/```yaml\n(apiVersion[^]*?)```/g)].map(([, text]) => compileText(text ?? ""));
    expect(examples.length).toBeGreaterThan(0);
    for (const example of examples) expect(example).toMatchObject({ ok: true });
  });

  it("shows quorums that can be read", () => {
    const quorums = [...file("README.md").matchAll(/`quorum: ([^`]+)`/g)].map(([, text]) => parseQuorum(text ?? "", []));
    expect(quorums).not.toEqual([]);
    for (const quorum of quorums) expect(quorum).toMatchObject({ ok: true });
  });

  it("shows cases that can be asked", () => {
    const [, example = ""] = /```yaml\n(policy:[^]*?)```/.exec(file("README.md")) ?? [];
    expect(parsePolicyCases(example).cases).not.toEqual([]);
  });
});
