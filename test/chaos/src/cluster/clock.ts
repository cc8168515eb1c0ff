import { existsSync, writeFileSync } from "node:fs";
import { arch } from "node:process";

/** The wall clock of one process; how time passes between two moments stays true, as on a machine whose clock was set. */
export type Clock = {
  /** What makes a process read it. */
  readonly env: Readonly<Record<string, string>>;
  /** From now on the process's clock is so many seconds off. */
  set(offsetSeconds: number): void;
};

/** A clock that can be set, kept in `file`; nothing without libfaketime (Debian: `apt-get install faketime`). */
export function settableClock(file: string): Clock | undefined {
  const library = FOLDERS.map((folder) => `${folder}/faketime/libfaketimeMT.so.1`).find(existsSync);
  if (library === undefined) return undefined;
  const set = (offsetSeconds: number): void => writeFileSync(file, `${offsetSeconds < 0 ? "" : "+"}${offsetSeconds}\n`);
  set(0);
  const env = { LD_PRELOAD: library, FAKETIME_TIMESTAMP_FILE: file, FAKETIME_CACHE_DURATION: "1", FAKETIME_DONT_FAKE_MONOTONIC: "1" };
  return { env, set };
}

const TRIPLET = arch === "arm64" ? "aarch64-linux-gnu" : "x86_64-linux-gnu";
const FOLDERS = [`/usr/lib/${TRIPLET}`, "/usr/lib", "/usr/local/lib"];
