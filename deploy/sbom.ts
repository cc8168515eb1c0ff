// `npm run sbom > sbom.cdx.json`: the bill of materials of what runs in production, CycloneDX 1.7, from the lock file alone.
import { pnpm } from "./pnpm.ts";

// The pnpm that we install with has no `sbom` yet; the one that has it needs a newer Node.js than we ask people to have.
const PNPM_WITH_SBOM = "pnpm@11.28.10";

const { ok, stdout, stderr } = pnpm(
  ["sbom", "--sbom-format", "cyclonedx", "--sbom-type", "application", "--lockfile-only", "--prod"],
  PNPM_WITH_SBOM,
);
if (!ok) throw new Error(`pnpm could not make the bill of materials.\n${stdout}${stderr}`);
process.stdout.write(stdout);
