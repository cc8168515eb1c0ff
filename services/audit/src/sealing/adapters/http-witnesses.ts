import {
  formatAddCheckpoint,
  formatNote,
  openCheckpoint,
  parseCosignatures,
  parseTreeSize,
  TlogError,
  TREE_SIZE_TYPE,
  verifySignature,
  witnessedPath,
  type AddCheckpoint,
  type NoteSignature,
  type PolicyWitness,
} from "@countersign/tlog";
import type { Logger } from "@countersign/telemetry";
import type { CheckpointSigner, ExternalCheckpoint, WitnessNetwork } from "../ports.ts";

/** What a witness answered. */
export type WitnessAnswer =
  | { readonly kind: "cosigned"; readonly signature: NoteSignature }
  /** It has another size than we believed. */
  | { readonly kind: "size"; readonly size: number }
  /** It says that our checkpoint does not continue what it has seen. */
  | { readonly kind: "contradicted" };

export type Witness = PolicyWitness & { readonly url: string };

export type HttpWitnesses = WitnessNetwork & {
  readonly reachable: readonly Witness[];
  /** @throws when it does not answer, or with what is no answer. */
  submit(witness: Witness, request: AddCheckpoint, text: string): Promise<WitnessAnswer>;
  /** The newest checkpoint of this log that one of them tells, with a signature of ours. @throws when it cannot be had, or is not ours */
  seenBy(witness: Witness, signer: CheckpointSigner): Promise<ExternalCheckpoint | undefined>;
};

/** Witnesses over HTTP (c2sp.org/tlog-witness). What they say counts only with a signature that verifies: theirs, or our own that they kept. */
export function httpWitnesses(witnesses: readonly PolicyWitness[], logger: Logger): HttpWitnesses {
  const reachable = witnesses.flatMap((witness) =>
    witness.url === undefined ? [] : [{ ...witness, url: witness.url.replace(/\/+$/, "") }],
  );
  return {
    reachable,
    newest: async (signer, onSilent) => {
      const found = await Promise.all(
        reachable.map(async ({ name, url }) => {
          try {
            return await newestAt(name, url, signer);
          } catch (error) {
            logger.warn({ witness: name, err: error }, "a witness cannot say what it has seen");
            onSilent?.(name);
            return undefined;
          }
        }),
      );
      return found.filter((checkpoint) => checkpoint !== undefined);
    },
    seenBy: ({ name, url }, signer) => newestAt(name, url, signer),
    submit: async ({ url, key }, request, text) => {
      const checkpoint = new Uint8Array(formatAddCheckpoint(request));
      const response = await fetch(`${url}/add-checkpoint`, { method: "POST", body: checkpoint, ...limits() });
      const body = await readLimited(response);
      if (response.status === 409 && response.headers.get("content-type") === TREE_SIZE_TYPE)
        return { kind: "size", size: parseTreeSize(body) };
      if (response.status === 422) return { kind: "contradicted" };
      if (response.status !== 200) throw new Error(`HTTP ${response.status}`);
      const signature = parseCosignatures(body).find(({ name, keyId }) => name === key.name && keyId === key.id);
      if (signature === undefined) throw new Error("it answered without its signature");
      verifySignature(text, signature, key);
      return { kind: "cosigned", signature };
    },
  };
}

async function newestAt(name: string, url: string, signer: CheckpointSigner): Promise<ExternalCheckpoint | undefined> {
  const response = await fetch(`${url}/${witnessedPath(signer.origin)}`, limits());
  const body = await readLimited(response);
  if (response.status === 404) return undefined;
  if (response.status !== 200) throw new Error(`HTTP ${response.status}`);
  const { checkpoint, note, signatures } = openCheckpoint(body, signer.known);
  const { size, root } = checkpoint;
  // What others wrote under it may be anything, and much.
  const own = formatNote({ text: note.text, signatures: signatures.map(({ signature }) => signature) });
  return { source: `witness ${name}`, size, root, note: own };
}

const limits = () => ({ signal: AbortSignal.timeout(TIMEOUT_MS), redirect: "error" as const });

async function readLimited(response: Response): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > MAX_BODY) throw new TlogError("too_large", "the witness answered with too many bytes");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

const TIMEOUT_MS = 5000;
const MAX_BODY = 64 * 1024;
