import { execFileSync } from "node:child_process";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { quietly } from "./quietly.mjs";

const POLICY = "/usr/sbin/policy-rc.d";

/** Debian and Ubuntu, as root: there a package is ours to install. */
export function canUseApt() {
  return process.platform === "linux" && process.getuid?.() === 0 && existsSync("/usr/bin/apt-get") && existsSync("/etc/debian_version");
}

/**
 * Installs a package without letting it start a server, now or with the next boot.
 *
 * @param {string} name of the package, and of its unit
 * @returns {Promise<{ ok: boolean, output: string }>}
 */
export async function installPackage(name) {
  const restore = keepServicesDown();
  try {
    const install = () => apt(`Installing ${name}`, ["install", "-y", "--no-install-recommends", name]);
    let result = await install();
    if (!result.ok) {
      // Usually a new machine that has never fetched its package lists.
      result = await apt("Updating the package lists", ["update"]);
      if (result.ok) result = await install();
    }
    if (result.ok) disableUnit(name);
    return result;
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

/** Packages start a server on a port that is not ours to occupy: refuse that while, and only while, we install. */
function keepServicesDown() {
  if (existsSync(POLICY)) return () => {};
  // If we are killed before we remove it, it allows everything again.
  writeFileSync(POLICY, `#!/bin/sh\nkill -0 ${process.pid} 2>/dev/null && exit 101\nexit 0\n`, { mode: 0o755 });
  return () => rmSync(POLICY, { force: true });
}

/**
 * Nor may it come up with the next boot.
 *
 * @param {string} name
 */
function disableUnit(name) {
  if (!existsSync("/run/systemd/system")) return;
  try {
    execFileSync("systemctl", ["disable", "--now", `${name}.service`], { stdio: "ignore" });
  } catch {
    // Not every release of a package has the unit.
  }
}
