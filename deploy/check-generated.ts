// Generates proto/gen anew beside the committed one and compares: whoever edits a .proto also commits what comes out of it.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compareFolders } from "./compare-folders.ts";

const GENERATED = "proto/gen";

const folder = mkdtempSync(join(tmpdir(), "countersign-generated-"));
try {
  execFileSync("buf", ["generate", "-o", folder], { stdio: ["ignore", "inherit", "inherit"] });
  const differences = compareFolders(GENERATED, join(folder, GENERATED));
  for (const line of differences) process.stderr.write(`${GENERATED}/${line}\n`);
  if (differences.length > 0) {
    process.stderr.write("Generated code does not match the .proto files: run `npm run generate` and commit the result.\n");
    process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
