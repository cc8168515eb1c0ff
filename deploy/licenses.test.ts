import { expect, test } from "vitest";
import { licenseProblems, licenseTable } from "./licenses.ts";

const one = (name: string) => [{ name, versions: ["1.0.0"] }];

test.each([
  [{ MIT: one("left"), "(Apache-2.0 AND BSD-3-Clause)": one("right") }, []],
  [{ "GPL-3.0-only": one("copyleft") }, ["copyleft@1.0.0: GPL-3.0-only"]],
  [{ Unknown: one("silent") }, ["silent@1.0.0: Unknown"]],
  [{ "(MIT OR GPL-3.0-only)": one("choice") }, ["choice@1.0.0: (MIT OR GPL-3.0-only)"]],
  [{ "MPL-2.0": [...one("lightningcss-darwin-arm64"), ...one("other")] }, ["other@1.0.0: MPL-2.0"]],
])("%j", (list, problems) => {
  expect(licenseProblems(list)).toEqual(problems);
});

test("the list names each version", () => {
  expect(licenseTable({ MIT: [{ name: "b", versions: ["1.0.0", "2.0.0"] }], ISC: one("a") })).toBe(
    "ISC\ta@1.0.0\nMIT\tb@1.0.0\nMIT\tb@2.0.0",
  );
});
