import {
  formatCheckpoint,
  formatNote,
  formatProofFile,
  formatVerifierKey,
  inclusionProof,
  parsePolicy,
  signerKeyOfSeed,
  signNote,
  treeRoot,
} from "../index.ts";
import { nodes } from "./trees.ts";

export const ORIGIN = "countersign.example/main/1";
export const log = signerKeyOfSeed(ORIGIN, "note", Buffer.alloc(32, 1));
export const witnesses = [1, 2, 3].map((number) =>
  signerKeyOfSeed(`witness.example/w${number}`, "cosignature", Buffer.alloc(32, 10 + number)),
);
export const TIME = 1_790_000_000;

/** Policy: our log, and two of three witnesses. */
export const policyText = [
  "# what an auditor pins",
  `log ${formatVerifierKey(log.verifier)} https://countersign.example/log`,
  ...witnesses.map(({ verifier }, index) => `witness w${index + 1} ${formatVerifierKey(verifier)}`),
  "group two 2 w1 w2 w3",
  "quorum two",
  "",
].join("\n");
export const policy = parsePolicy(Buffer.from(policyText));

/** The checkpoint of the made-up log at a size, signed by it and the given witnesses. */
export function signedCheckpoint(size: number, cosigners = witnesses): Buffer {
  const text = formatCheckpoint({ origin: ORIGIN, size, root: treeRoot(size, nodes), extensions: [] });
  return formatNote({ text, signatures: [signNote(text, log), ...cosigners.map((signer) => signNote(text, signer, TIME))] });
}

/** Proof for an entry of it. */
export function proofFile(index: number, size: number, cosigners = witnesses): Buffer {
  return formatProofFile({ index, proof: inclusionProof(index, size, nodes), checkpoint: signedCheckpoint(size, cosigners) });
}
