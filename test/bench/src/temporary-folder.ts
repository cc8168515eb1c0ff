import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startReaper } from "@countersign/embedded";

/** A folder that goes with this process at the latest, however that ends. */
export function temporaryFolder(purpose: string): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), `countersign-${purpose}-`));
  const reaper = startReaper({ folder: path });
  return {
    path,
    remove: () => {
      rmSync(path, { recursive: true, force: true });
      reaper.dismiss();
    },
  };
}
