import { generateKeyPairSync, sign, verify } from "node:crypto";
import { cpuSecondsOf } from "../process-usage.ts";
import type { Part } from "./measure.ts";

const MESSAGE = Buffer.alloc(200);

/** Ed25519 on one thread. */
export function signatureParts(): { readonly signing: Part; readonly verifying: Part } {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const signature = sign(null, MESSAGE, privateKey);
  return {
    signing: part(() => sign(null, MESSAGE, privateKey)),
    verifying: part(() => {
      if (!verify(null, MESSAGE, publicKey, signature)) throw new Error("a good signature does not verify");
    }),
  };
}

function part(work: () => unknown): Part {
  const run = async (seconds: number): Promise<number> => {
    const end = performance.now() + seconds * 1000;
    let count = 0;
    for (; performance.now() < end; count += 1) work();
    return count;
  };
  return { run, cpu: () => cpuSecondsOf([process.pid]) };
}
