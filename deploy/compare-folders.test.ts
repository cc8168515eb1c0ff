import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { compareFolders } from "./compare-folders.ts";

describe("compareFolders", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "countersign-compare-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const write = (path: string, text: string) => {
    mkdirSync(join(folder, path, ".."), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  const compare = () => compareFolders(join(folder, "a"), join(folder, "b"));

  it("is empty for equal trees", () => {
    write("a/deep/one.ts", "1");
    write("b/deep/one.ts", "1");
    expect(compare()).toEqual([]);
  });

  it("names what differs, is missing, or should not exist", () => {
    write("a/deep/one.ts", "1");
    write("b/deep/one.ts", "2");
    write("a/old.ts", "");
    write("b/new.ts", "");
    expect(compare()).toEqual(["deep/one.ts: differs", "new.ts: missing", "old.ts: should not exist"]);
  });

  it("says that everything is missing when nothing was committed", () => {
    write("b/new.ts", "");
    expect(compare()).toEqual(["new.ts: missing"]);
  });
});
