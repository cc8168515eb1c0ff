import { readFileSync } from "node:fs";
import { runInNewContext } from "node:vm";
import { expect, it } from "vitest";
import { leafHash, parsePolicy, parseProofFile, verifyProofFile } from "./index.ts";
import { ORIGIN, policyText, proofFile, TIME } from "./testing/proof-files.ts";

it("the example of the README verifies a proof", () => {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  const [, names = "", body = ""] = /```ts\nimport \{ (.+) \} from "@countersign\/tlog";\n([\s\S]+?)```/.exec(readme) ?? [];
  const library = { leafHash, parsePolicy, parseProofFile, verifyProofFile };
  expect(names.split(", ")).toEqual(Object.keys(library));
  const reported: unknown[] = [];
  const given = { proof: proofFile(7, 20), entry: Buffer.from("entry 7"), policy: Buffer.from(policyText) };
  const report = (name: string, time: number) => reported.push([name, time]);
  const proven: unknown = runInNewContext(`${body}; [index, checkpoint.origin].join(" ")`, { ...library, ...given, report });
  expect(proven).toBe(`7 ${ORIGIN}`);
  expect(reported).toContainEqual(["witness.example/w1", TIME]);
});
