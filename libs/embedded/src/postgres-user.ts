import { execFileSync } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { userInfo } from "node:os";
import { dirname } from "node:path";

/** How to start a program that refuses to run as root: what to put before it, and as whom. */
export type Unprivileged = {
  readonly prefix: readonly string[];
  readonly owner: { readonly uid: number; readonly gid: number } | undefined;
};

/**
 * Whom to run PostgreSQL as: ourselves, or for root the system user `postgres`, made when it is missing. Where that user cannot get through
 * to one of `paths`, as to anything below /root, it is given the right to pass, and no other right of root.
 * @throws Error when it cannot be given that
 */
export function unprivileged(paths: readonly string[]): Unprivileged {
  if (userInfo().uid !== 0) return { prefix: [], owner: undefined };
  const owner = lookup() ?? create();
  if (paths.every((path) => reachable(dirname(path), owner))) return { prefix: [], owner };
  const capability = CAPABILITIES.find(({ bit }) => (effectiveCapabilities() >> BigInt(bit)) % 2n === 1n);
  if (capability === undefined) {
    throw new Error(
      `the system user postgres cannot reach ${paths.join(" or ")}: move the project out of a folder that only root may enter`,
    );
  }
  const prefix = [
    "setpriv",
    `--reuid=${owner.uid}`,
    `--regid=${owner.gid}`,
    "--clear-groups",
    `--inh-caps=+${capability.name}`,
    `--ambient-caps=+${capability.name}`,
    // PostgreSQL asks access(2) about its own binary, which otherwise leaves capabilities out.
    "--securebits=+no_setuid_fixup",
    "--",
  ];
  return { prefix, owner };
}

// Containers often lack the first.
const CAPABILITIES = [
  { name: "dac_read_search", bit: 2 },
  { name: "dac_override", bit: 1 },
];

function effectiveCapabilities(): bigint {
  try {
    return BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "0"}`);
  } catch {
    return 0n;
  }
}

function reachable(folder: string, { uid, gid }: { uid: number; gid: number }): boolean {
  const { mode, uid: ownerUid, gid: ownerGid } = statSync(folder);
  const bit = ownerUid === uid ? 0o100 : ownerGid === gid ? 0o010 : 0o001;
  if ((mode & bit) === 0) return false;
  return dirname(folder) === folder || reachable(dirname(folder), { uid, gid });
}

function lookup(): { uid: number; gid: number } | undefined {
  try {
    const id = (flag: string) => Number.parseInt(execFileSync("id", [flag, "postgres"], { encoding: "utf8", stdio: "pipe" }), 10);
    return { uid: id("-u"), gid: id("-g") };
  } catch {
    return undefined;
  }
}

function create(): { uid: number; gid: number } {
  execFileSync("groupadd", ["--force", "--system", "postgres"]);
  execFileSync("useradd", ["--system", "--gid", "postgres", "--no-create-home", "postgres"]);
  const created = lookup();
  if (created === undefined) throw new Error("the system user postgres could not be made");
  return created;
}
