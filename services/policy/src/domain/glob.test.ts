import { describe, expect, it } from "vitest";
import { dottedGlob, dottedPatternProblem, textGlob } from "./glob.ts";

describe("dottedGlob", () => {
  it.each([
    ["db.export", "db.export", true],
    ["db.export", "db.exports", false],
    ["db.*", "db.export", true],
    ["db.*", "db", false],
    ["db.*", "db.tag.update", false],
    ["db.tag.*", "db.tag.update", true],
    ["*", "export", true],
    ["*", "db.export", false],
    ["**", "db", true],
    ["**", "db.tag.update", true],
    ["db.**", "db", true],
    ["db.**", "db.tag.update", true],
    ["db.**", "dbx.tag", false],
    ["**.get", "get", true],
    ["**.get", "k8s.pod.get", true],
    ["**.get", "k8s.get.pod", false],
    ["a.**.z", "a.z", true],
    ["a.**.z", "a.b.z.c.z", true],
    ["a.**.z", "a.b.z.c", false],
    ["**.b.*", "a.b.b.c", true],
    ["*.*", "a.b", true],
    ["*.*", "a", false],
  ])("%s on %s is %s", (pattern, name, expected) => {
    expect(dottedGlob(pattern)(name)).toBe(expected);
  });
});

describe("dottedPatternProblem", () => {
  it.each(["db.export", "db.*", "**", "k8s.name-space.get_all"])("takes %s", (pattern) =>
    expect(dottedPatternProblem(pattern)).toBeUndefined(),
  );
  it.each(["db.ex*", "***", "DB.export", "db..x", ".", "db.", "db export", "db.?"])("refuses %s", (pattern) =>
    expect(dottedPatternProblem(pattern)).toBeTypeOf("string"),
  );
});

describe("textGlob", () => {
  it.each([
    ["customers", "customers", true],
    ["customers", "Customers", false],
    ["crm/*", "crm/eu/customers", true],
    ["*", "", true],
    ["*.pem", "a.pem.txt", false],
    ["a*b*c", "a-b-b-c", true],
    ["a*b*c", "a-c-b", false],
    ["**", "x", true],
  ])("%s on %s is %s", (pattern, text, expected) => {
    expect(textGlob(pattern)(text)).toBe(expected);
  });

  it("says what the same regular expression says", () => {
    const words = (letters: string, most: number): string[] =>
      most === 0 ? [""] : ["", ...words(letters, most - 1).flatMap((word) => [...letters].map((letter) => letter + word))];
    const texts = words("ab", 5);
    for (const pattern of new Set(words("ab*", 5))) {
      const same = new RegExp(`^${pattern.replaceAll("*", ".*")}$`);
      expect(texts.filter(textGlob(pattern)), pattern).toEqual(texts.filter((text) => same.test(text)));
    }
  });

  it("takes linear time where a naive pattern would explode", () => {
    const started = performance.now();
    expect(textGlob(`${"a*".repeat(100)}b`)("a".repeat(256))).toBe(false);
    expect(performance.now() - started).toBeLessThan(20_000);
  });
});
