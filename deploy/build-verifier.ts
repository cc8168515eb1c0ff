// Makes the offline verifier one file that needs Node.js and nothing else: `npm run build:verifier [file]`.
// It is built on purpose and given out by itself: an archive must not bring its own judge.
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

const main = fileURLToPath(new URL("../libs/evidence/src/main.ts", import.meta.url));
const out = process.argv[2] ?? fileURLToPath(new URL("../dist/countersign-verify.mjs", import.meta.url));
const bundle = await rolldown({ input: main, platform: "node" });
await bundle.write({ file: out, format: "esm", codeSplitting: false, banner: "#!/usr/bin/env node" });
await bundle.close();
console.log(out);
