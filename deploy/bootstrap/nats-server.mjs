import { execFileSync } from "node:child_process";
import { accessSync, constants, existsSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { quietly } from "./quietly.mjs";
import { SetupError } from "./setup-error.mjs";

// Debian puts it in /usr/sbin, which is not on everybody's PATH.
const ALSO_LOOK_IN = ["/usr/sbin", "/usr/local/bin", "/usr/local/sbin", "/opt/homebrew/bin"];
const POLICY = "/usr/sbin/policy-rc.d";
const BY_HAND = `Countersign needs nats-server 2.9 or newer and found none on the PATH. Install it and run this again:
  macOS          brew install nats-server
  Debian/Ubuntu  sudo apt-get install nats-server
  elsewhere      https://github.com/nats-io/nats-server/releases (put the program on the PATH)
Or point COUNTERSIGN_NATS_URL at a server with JetStream that you run yourself (npm start only).`;

/**
 * Finds nats-server, or installs it where that is ours to do: Debian and Ubuntu, as root.
 *
 * @returns {Promise<string>} the path of the program
 */
export async function ensureNatsServer() {
  const found = findNatsServer();
  if (found !== undefined) return found;
  if (!canUseApt()) throw new SetupError(BY_HAND);
  await installWithApt();
  const installed = findNatsServer();
  if (installed === undefined) throw new SetupError(BY_HAND);
  return installed;
}

/**
 * @param {NodeJS.ProcessEnv} env
 * @param {string | undefined} natsServer
 * @returns {NodeJS.ProcessEnv} the same, with the folder of nats-server at the end of PATH
 */
export function withNatsServerOnPath(env, natsServer) {
  return natsServer === undefined ? env : { ...env, PATH: [env["PATH"], dirname(natsServer)].join(delimiter) };
}

function findNatsServer() {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), ...ALSO_LOOK_IN];
  return folders
    .filter(Boolean)
    .map((folder) => join(folder, "nats-server"))
    .find(isExecutable);
}

/** @param {string} file */
function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function canUseApt() {
  return process.platform === "linux" && process.getuid?.() === 0 && existsSync("/usr/bin/apt-get") && existsSync("/etc/debian_version");
}

async function installWithApt() {
  const restore = keepServicesDown();
  try {
    const install = () => apt("Installing nats-server", ["install", "-y", "--no-install-recommends", "nats-server"]);
    let result = await install();
    if (!result.ok) {
      // Usually a new machine that has never fetched its package lists.
      result = await apt("Updating the package lists", ["update"]);
      if (result.ok) result = await install();
    }
    if (!result.ok) throw new SetupError(`${result.output}\nInstalling nats-server with apt-get failed.\n${BY_HAND}`);
    disableUnit();
  } finally {
    restore();
  }
}

/**
 * @param {string} title
 * @param {string[]} args
 */
function apt(title, args) {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  return quietly(title, "apt-get", ["-q", "-o", "DPkg::Lock::Timeout=120", ...args], { env });
}

/** The Debian package starts a server on port 4222, which is not ours to occupy: refuse that while, and only while, we install. */
function keepServicesDown() {
  if (existsSync(POLICY)) return () => {};
  // If we are killed before we remove it, it allows everything again.
  writeFileSync(POLICY, `#!/bin/sh\nkill -0 ${process.pid} 2>/dev/null && exit 101\nexit 0\n`, { mode: 0o755 });
  return () => rmSync(POLICY, { force: true });
}

/** Nor may it come up with the next boot. */
function disableUnit() {
  if (!existsSync("/run/systemd/system")) return;
  try {
    execFileSync("systemctl", ["disable", "--now", "nats-server.service"], { stdio: "ignore" });
  } catch {
    // Not every release of the package has the unit.
  }
}
