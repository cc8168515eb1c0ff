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
        const torn = !(await readTail(file)).endsWith("\n");
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

async function readTail(file: FileHandle): Promise<string> {
  const { size } = await file.stat();
  const length = Math.min(size, TAIL_BYTES);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length);
  const text = buffer.subarray(0, bytesRead).toString("latin1");
  return size > length ? text.slice(text.indexOf("\n") + 1) : text === "" ? "\n" : text;
}

/** What follows the last newline was never acknowledged. The last whole line must be good; before it may be what crashes left. */
function newestLine(tail: string): { size: number; note: Uint8Array } | undefined {
  const lines = tail
    .split("\n")
    .slice(0, -1)
    .filter((line) => line !== "");
  const last = lines.at(-1);
  if (last === undefined) return undefined;
  if (parseLine(last) === undefined) throw new SealRefusedError("ANCHOR_UNREADABLE", 0, "the last line of the anchor cannot be read");
  return lines.map(parseLine).reduce((best, line) => (line !== undefined && line.size >= (best?.size ?? 0) ? line : best), undefined);
}

function parseLine(line: string): { size: number; note: Uint8Array } | undefined {
  const [, size, note] = /^([1-9][0-9]{0,15}) ([A-Za-z0-9+/]+={0,2})$/.exec(line) ?? [];
  return size === undefined || note === undefined ? undefined : { size: Number(size), note: Buffer.from(note, "base64") };
}

function syncDirectory(directory: string): void {
  const handle = openSync(directory, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** Some hundreds of lines. */
const TAIL_BYTES = 256 * 1024;
