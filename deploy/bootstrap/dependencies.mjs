import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { quietly } from "./quietly.mjs";
import { SetupError } from "./setup-error.mjs";

const STAMP = "node_modules/.countersign-installed";
// The program itself, not the wrapper in .bin: a signal to the wrapper would not reach it.
const NODE = "node_modules/node/bin/node";
const NO_NETWORK = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|network|ERR_PNPM_META_FETCH_FAIL/i;

/**
 * Installs what the lock file names, unless that was done already for this very lock file on this kind of machine.
 *
 * @param {string} root the repository
 * @returns {Promise<string>} the pinned Node.js
 */
export async function ensureDependencies(root) {
  const node = join(root, NODE);
  const wanted = fingerprint(root);
  if (!isInstalled(root, wanted)) {
    await install(root);
    if (!existsSync(node)) throw new SetupError(`The installation left no ${NODE}. Remove node_modules and run this again.`);
    writeFileSync(join(root, STAMP), wanted);
  }
  return node;
}

/** @param {string} root */
function fingerprint(root) {
  const lock = createHash("sha256")
    .update(readFileSync(join(root, "pnpm-lock.yaml")))
    .digest("hex");
  return `${lock} ${process.platform}-${process.arch}\n`;
}

/**
 * @param {string} root
 * @param {string} wanted
 */
function isInstalled(root, wanted) {
  const stamp = join(root, STAMP);
  return existsSync(stamp) && readFileSync(stamp, "utf8") === wanted && existsSync(join(root, NODE));
}

/** @param {string} root */
async function install(root) {
  const manifest = /** @type {{ packageManager: string }} */ (JSON.parse(readFileSync(join(root, "package.json"), "utf8")));
  const pnpm = manifest.packageManager;
  // CI: never ask a question. The exact pnpm of package.json, whatever else is on this machine.
  const env = { ...process.env, CI: "true" };
  const { ok, output } = await quietly("Installing dependencies", "npx", ["-y", pnpm, "install", "--frozen-lockfile"], { cwd: root, env });
  if (ok) return;
  const hint = NO_NETWORK.test(output)
    ? "Is the npm registry reachable? The first run downloads the dependencies; later ones work offline."
    : "That is the whole output of the installation; nothing was started.";
  throw new SetupError(`${output}\nInstalling dependencies failed (npx -y ${pnpm} install --frozen-lockfile). ${hint}`);
}
