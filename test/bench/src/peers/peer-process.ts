import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createInterface } from "node:readline";

const FOLDER = fileURLToPath(new URL("../../peers/", import.meta.url));

/** A peer as a process of its own, taking calls at `address`. */
export type PeerProcess = { readonly address: string; readonly pid: number; stop(): Promise<void> };

/** Installs the peers' packages, which the product does not have, if that was not done for this very lock file. Throws when npm fails. */
export function installPeers(): void {
  const installed = `${FOLDER}node_modules/.package-lock.json`;
  if (existsSync(installed) && agrees(installed)) return;
  const npm = spawnSync("npm", ["ci", "--no-audit", "--no-fund", "--ignore-scripts"], {
    cwd: FOLDER,
    stdio: ["ignore", "ignore", "inherit"],
  });
  if (npm.status !== 0) throw new Error(`npm ci failed in ${FOLDER}: the peers cannot be installed`);
}

/** Starts `src/<name>.ts` of the peers. It ends by itself when this process does. */
export async function startPeer(name: string, env: Readonly<Record<string, string>>): Promise<PeerProcess> {
  const child = spawn(process.execPath, [`src/${name}.ts`], {
    cwd: FOLDER,
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, NODE_ENV: "production", NODE_NO_WARNINGS: "1", ...env },
  });
  const exit = once(child, "exit");
  for await (const line of createInterface(child.stdout)) {
    const address = /^ready (\S+)$/.exec(line)?.[1];
    if (address === undefined || child.pid === undefined) continue;
    const stop = async (): Promise<void> => {
      child.kill("SIGTERM");
      await exit;
    };
    return { address, pid: child.pid, stop };
  }
  throw new Error(`peer ${name} ended before it took calls`);
}

/** npm's record of what it installed names the same versions as the lock file. */
function agrees(installed: string): boolean {
  const versions = (path: string): string => {
    const { packages } = JSON.parse(readFileSync(path, "utf8")) as { readonly packages: Readonly<Record<string, { version?: string }>> };
    const rows = Object.entries(packages).filter(([folder]) => folder !== "");
    return JSON.stringify(rows.map(([folder, { version }]) => `${folder}@${version ?? ""}`));
  };
  const wanted = new Set(JSON.parse(versions(`${FOLDER}package-lock.json`)) as string[]);
  return (JSON.parse(versions(installed)) as string[]).every((row) => wanted.has(row));
}
