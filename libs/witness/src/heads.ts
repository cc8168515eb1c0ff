import { randomUUID } from "node:crypto";
import { link, mkdir, open, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";

/** The newest checkpoint that was cosigned for one log, and the number of its file. */
export type Head = { readonly number: number; readonly note: Uint8Array };

/** What a witness must never forget: a directory per log, with a file per checkpoint, of which the highest number counts. */
export type Heads = {
  newest(log: string): Promise<Head | undefined>;
  /** Durable when it resolves. False when somebody else, also another process on this directory, went on from `after` first. */
  advance(log: string, after: Head | undefined, note: Uint8Array): Promise<boolean>;
};

/** Files that are kept behind the newest. */
const KEPT = 2;

/** @param directory of the witness. Logs are names of directories: hexadecimal hashes of origins. */
export function headsDirectory(directory: string): Heads {
  const numbers = async (log: string): Promise<readonly number[]> => {
    const names = await readdir(join(directory, log)).catch(noneIfMissing);
    return names.flatMap((name) => (/^[1-9][0-9]{0,14}$/.test(name) ? [Number(name)] : [])).toSorted((one, other) => one - other);
  };
  return {
    newest: async (log) => {
      const number = (await numbers(log)).at(-1);
      return number === undefined ? undefined : { number, note: await readFile(join(directory, log, String(number))) };
    },
    advance: async (log, after, note) => {
      const folder = join(directory, log);
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const number = (after?.number ?? 0) + 1;
      const draft = join(folder, `draft-${randomUUID()}`);
      await writeDurably(draft, note);
      try {
        // A link is made or it is not, and never over one that is there: of two processes, one goes on.
        await link(draft, join(folder, String(number)));
      } catch (error) {
        if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
        throw error;
      } finally {
        await rm(draft, { force: true });
      }
      await sync(folder);
      await sync(directory);
      const present = await numbers(log);
      // Whoever slept while others went on and tidied up finds the number free, and no longer the newest.
      if (present.at(-1) !== number) {
        await rm(join(folder, String(number)), { force: true });
        return false;
      }
      for (const old of present.slice(0, -1 - KEPT)) await rm(join(folder, String(old)), { force: true });
      return true;
    },
  };
}

async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, "wx", 0o600);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function noneIfMissing(error: unknown): readonly string[] {
  if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
  throw error;
}
