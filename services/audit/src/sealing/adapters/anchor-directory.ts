import { closeSync, fsyncSync, openSync } from "node:fs";
import { mkdir, open, readdir, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import type { Anchor } from "../ports.ts";
import { SealRefusedError } from "../refusal.ts";

/**
 * The memory outside of the database: a file per epoch, `<ledger>.<epoch>`, to which each checkpoint is appended as one line (`<size> <base64 of the signed note>`)
 * and made durable before anybody can see it. Every instance that may seal needs the same directory, on storage that no restore of the database touches.
 */
export function anchorDirectory(directory: string, ledger: string): Anchor {
  const fileOf = (epoch: number): string => join(directory, `${ledger}.${epoch}`);
  return {
    epoch: async () => {
      const names = await readdir(directory).catch(noneIfMissing);
      return Math.max(0, ...names.flatMap((name) => epochOf(name, ledger)));
    },
    begin: async (epoch) => {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      await (await open(fileOf(epoch), "wx", 0o600)).close();
      syncDirectory(directory);
    },
    newest: async (epoch) => {
      const file = await open(fileOf(epoch), "r");
      try {
        return newestLine(await readTail(file));
      } finally {
        await file.close();
      }
    },
    append: async (epoch, size, note) => {
      const file = await open(fileOf(epoch), "a+", 0o600);
      try {
        // A crash may have left the start of a line: what follows must not become part of it.
        const torn = await endsTorn(file);
        await file.appendFile(`${torn ? "\n" : ""}${size} ${Buffer.from(note).toString("base64")}\n`);
        await file.datasync();
      } finally {
        await file.close();
      }
    },
  };
}

/** Before the first epoch, or when the storage is gone: then the database knows more, and that is found out. */
function noneIfMissing(error: unknown): readonly string[] {
  if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
  throw error;
}

function epochOf(name: string, ledger: string): readonly number[] {
  const number = name.startsWith(`${ledger}.`) ? name.slice(ledger.length + 1) : "";
  return /^[1-9][0-9]{0,8}$/.test(number) ? [Number(number)] : [];
}

async function endsTorn(file: FileHandle): Promise<boolean> {
  const { size } = await file.stat();
  if (size === 0) return false;
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer.toString("latin1") !== "\n";
}

async function readTail(file: FileHandle): Promise<string> {
  const { size } = await file.stat();
  const length = Math.min(size, TAIL_BYTES);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length);
  const text = buffer.subarray(0, bytesRead).toString("latin1");
  return size > length ? text.slice(text.indexOf("\n") + 1) : text;
}

/** What follows the last newline was never acknowledged. The last whole line must be good; before it may be what crashes left. */
function newestLine(tail: string): { size: number; note: Uint8Array } | undefined {
  const lines = tail
    .split("\n")
    .slice(0, -1)
    .filter((line) => line !== "");
  const last = lines.at(-1);
  if (last === undefined) return undefined;
  if (sizeOf(last) === undefined) throw new SealRefusedError("ANCHOR_UNREADABLE", 0, "the last line of the anchor cannot be read");
  // Not always the last one: a sealer that was overtaken between its signature and its line comes late.
  let [best, bestSize] = [last, 0];
  for (const line of lines) {
    const size = sizeOf(line) ?? 0;
    if (size >= bestSize) [best, bestSize] = [line, size];
  }
  return { size: bestSize, note: Buffer.from(best.slice(best.indexOf(" ") + 1), "base64") };
}

function sizeOf(line: string): number | undefined {
  const [, size] = /^([1-9][0-9]{0,15}) [A-Za-z0-9+/]+={0,2}$/.exec(line) ?? [];
  return size === undefined ? undefined : Number(size);
}

function syncDirectory(directory: string): void {
  const handle = openSync(directory, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** Some hundred lines. */
const TAIL_BYTES = 64 * 1024;
