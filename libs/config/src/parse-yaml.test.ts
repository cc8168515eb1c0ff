import { expect, it, vi } from "vitest";
import { parseYaml } from "./parse-yaml.ts";

it("reads YAML and JSON", () => {
  expect(parseYaml("a: [1, x]\nb: { c: null }\n1: y\n")).toEqual({ a: [1, "x"], b: { c: null }, 1: "y" });
  expect(parseYaml('{"a": [1, "x"]}')).toEqual({ a: [1, "x"] });
});

it.each([
  ["an unknown tag", "password: !secret hunter2", "line 1: Unresolved tag: !secret"],
  ["a name that is no text", "a: b\n? [hunter2]\n: c", "line 2: With stringKeys, all keys must be strings"],
  ["an alias", "a: &x hunter2\nb: *x", "Alias resolution is disabled"],
  ["what is no YAML", "a: hunter2\nb: {", "line 2:"],
])("P7: refuses %s, prints nothing and repeats no value", (_what, text, message) => {
  const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
  expect(() => parseYaml(text)).toThrow(message);
  expect(() => parseYaml(text)).not.toThrow("hunter2");
  expect(warned).not.toHaveBeenCalled();
});

it("P7: names that hold names that hold names come back as no message of many kilobytes", () => {
  expect(() => parseYaml(`a: ${"{".repeat(200)}x${"}".repeat(200)}`)).toThrow(/^line 1: .{1,200}$/);
});
