import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { AlreadyRunningError, takeDataDirectory } from "./data-directory.ts";

const path = mkdtempSync(join(tmpdir(), "countersign-directory-"));
const lock = join(path, "instance.json");
afterEach(() => rmSync(path, { recursive: true, force: true }));

/** Takes the directory, and makes the lock say that somebody else did, who is alive: our parent. */
function takenByParent(change: object = {}): void {
  takeDataDirectory(path).announce("127.0.0.1:1");
  writeFileSync(lock, JSON.stringify({ ...(JSON.parse(readFileSync(lock, "utf8")) as object), pid: process.ppid, ...change }));
}

describe("takeDataDirectory", () => {
  it("is exclusive until it is released", () => {
    const directory = takeDataDirectory(path);
    expect(existsSync(lock)).toBe(true);
    directory.release();
    expect(existsSync(lock)).toBe(false);
  });

  it("refuses while the holder lives, and leaves its lock", () => {
    takenByParent({ began: "" });
    expect(() => takeDataDirectory(path)).toThrow(AlreadyRunningError);
    expect(() => takeDataDirectory(path)).toThrow(`process ${process.ppid}, serves gRPC at 127.0.0.1:1`);
  });

  it("takes over from a process that is gone, whose id may be another's by now", () => {
    takenByParent({ pid: 2 ** 22 + 1 });
    takeDataDirectory(path).release();
    takenByParent({ began: "another boot 1" });
    expect(() => takeDataDirectory(path)).not.toThrow();
  });

  it("takes over a lock that was cut off by a crash", () => {
    takeDataDirectory(path);
    writeFileSync(lock, '{"pid":');
    expect(() => takeDataDirectory(path)).not.toThrow();
  });

  it("does not release what somebody else holds", () => {
    const directory = takeDataDirectory(path);
    takenByParent();
    directory.release();
    expect(existsSync(lock)).toBe(true);
  });
});
