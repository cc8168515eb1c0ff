import {
  checkAdvance,
  formatCosignatures,
  formatNote,
  formatTreeSize,
  openAddCheckpoint,
  parseAddCheckpoint,
  parseCheckpoint,
  parseNote,
  signNote,
  TlogError,
  TREE_SIZE_TYPE,
  witnessedPath,
  witnessStatus,
  type SignerKey,
  type TreeHead,
  type VerifierKey,
} from "@countersign/tlog";
import type { Head, Heads } from "./heads.ts";

export type WitnessOptions = {
  readonly key: SignerKey;
  /** Logs that are witnessed, by their keys. */
  readonly logs: readonly VerifierKey[];
  readonly heads: Heads;
  readonly clock: () => Date;
};

/** An HTTP answer. */
export type WitnessAnswer = { readonly status: number; readonly type: string; readonly body: Uint8Array };

export type Witness = {
  /** Body of `add-checkpoint` to its answer. Refuses with a status, and throws only when its state cannot be read or written. */
  addCheckpoint(body: Uint8Array): Promise<WitnessAnswer>;
  /** The newest checkpoint that was cosigned for the log with this hash. */
  checkpoint(log: string): Promise<WitnessAnswer>;
};

const PLAIN = "text/plain; charset=utf-8";

/**
 * Cosigns checkpoints of known logs, each only as the continuation of the last one of its log (c2sp.org/tlog-witness). What it has cosigned is durable before it
 * answers, and requests for one log are worked on one after the other.
 */
export function createWitness(options: WitnessOptions): Witness {
  const inTurn = queues();
  return {
    addCheckpoint: async (body) => {
      try {
        const request = parseAddCheckpoint(body);
        const opened = openAddCheckpoint(request, options.logs);
        const log = logOf(opened.checkpoint.origin);
        return await inTurn(log, () => cosign(options, log, request, opened));
      } catch (error) {
        if (error instanceof TlogError) return text(witnessStatus(error.code), `${error.message}\n`);
        throw error;
      }
    },
    checkpoint: async (log) => {
      const head = await options.heads.newest(log);
      return head === undefined ? text(404, "nothing was cosigned for this log\n") : { status: 200, type: PLAIN, body: head.note };
    },
  };
}

async function cosign(
  { key, heads, clock }: WitnessOptions,
  log: string,
  request: ReturnType<typeof parseAddCheckpoint>,
  { checkpoint, note, signatures }: ReturnType<typeof openAddCheckpoint>,
): Promise<WitnessAnswer> {
  const head = await heads.newest(log);
  const newest = headOf(head);
  if (request.oldSize !== (newest?.size ?? 0)) return conflict(newest?.size ?? 0);
  checkAdvance(request, checkpoint, newest);
  const cosignature = signNote(note.text, key, Math.floor(clock().getTime() / 1000));
  // Only signatures that verified are kept: a stranger's line may be anything.
  const kept = formatNote({ text: note.text, signatures: [...signatures.map(({ signature }) => signature), cosignature] });
  if (!(await heads.advance(log, head, kept))) return conflict(headOf(await heads.newest(log))?.size ?? 0);
  return { status: 200, type: PLAIN, body: formatCosignatures([cosignature]) };
}

/** What cannot be read must not pass for nothing: then everything would be cosigned. */
function headOf(head: Head | undefined): TreeHead | undefined {
  if (head === undefined) return undefined;
  try {
    return parseCheckpoint(parseNote(head.note).text);
  } catch (cause) {
    throw new Error(`the newest checkpoint of this log (file ${head.number}) cannot be read`, { cause });
  }
}

const logOf = (origin: string): string => witnessedPath(origin).replace("/checkpoint", "");

const conflict = (size: number): WitnessAnswer => ({ status: 409, type: TREE_SIZE_TYPE, body: formatTreeSize(size) });

const text = (status: number, body: string): WitnessAnswer => ({ status, type: PLAIN, body: Buffer.from(body) });

/** Work under one name runs one after the other. */
function queues() {
  const tails = new Map<string, Promise<unknown>>();
  return <Value>(name: string, work: () => Promise<Value>): Promise<Value> => {
    const result = (tails.get(name) ?? Promise.resolve()).then(work);
    const tail = result
      .catch(() => {})
      .finally(() => {
        if (tails.get(name) === tail) tails.delete(name);
      });
    tails.set(name, tail);
    return result;
  };
}
