import { execFileSync } from "node:child_process";
import { userInfo } from "node:os";

export type ProcessOwner = { readonly uid?: number; readonly gid?: number };

/** Whom to run PostgreSQL as, since it refuses to run as root: ourselves, or for root the system user `postgres`, made when it is missing. */
export function postgresOwner(): ProcessOwner {
  if (userInfo().uid !== 0) return {};
  const known = lookup();
  if (known !== undefined) return known;
  execFileSync("groupadd", ["--force", "--system", "postgres"]);
  execFileSync("useradd", ["--system", "--gid", "postgres", "--no-create-home", "postgres"]);
  const created = lookup();
  if (created === undefined) throw new Error("the system user postgres could not be made");
  return created;
}

function lookup(): { uid: number; gid: number } | undefined {
  try {
    const id = (flag: string) => Number.parseInt(execFileSync("id", [flag, "postgres"], { encoding: "utf8", stdio: "pipe" }), 10);
    return { uid: id("-u"), gid: id("-g") };
  } catch {
    return undefined;
  }
}
