import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * The nats-server of a release of Debian, unpacked beside this machine's own, which stays as it is. With lists and sources of its own, from where this machine
 * has its packages.
 * @throws when this is no Debian, or there is no such release.
 */
export function natsServerOf(release: string, folder = join(tmpdir(), "countersign-nats-servers")): string {
  if (!/^[a-z]+$/.test(release)) throw new Error(`${release} is no release of Debian`);
  const home = join(folder, release);
  const program = join(home, "usr/sbin/nats-server");
  if (existsSync(program)) return program;
  const lists = join(home, "lists");
  mkdirSync(join(lists, "partial"), { recursive: true });
  const sources = join(home, "sources.list");
  writeFileSync(sources, `deb ${archive()} ${release} main\n`);
  const own = [`Dir::Etc::SourceList=${sources}`, "Dir::Etc::SourceParts=-", `Dir::State::Lists=${lists}`, `Dir::Cache=${home}`];
  const options = [...own, "Acquire::Languages=none", "APT::Sandbox::User=root"].flatMap((option) => ["-o", option]);
  execFileSync("apt-get", ["-q", ...options, "update"], { stdio: "ignore" });
  execFileSync("apt-get", ["-q", ...options, "download", `nats-server/${release}`], { cwd: home, stdio: "ignore" });
  const found = readdirSync(home).find((name) => name.endsWith(".deb"));
  if (found === undefined) throw new Error(`Debian ${release} has no nats-server`);
  execFileSync("dpkg", ["-x", join(home, found), home]);
  return program;
}

/** Where this machine has Debian's own packages from. */
function archive(): string {
  const targets = execFileSync("apt-get", ["indextargets", "--format", "$(ORIGIN) $(REPO_URI)", "Created-By: Packages"], {
    encoding: "utf8",
  });
  const line = targets.split("\n").find((each) => each.startsWith("Debian ") && !each.includes("security"));
  if (line === undefined) throw new Error("this machine has no packages of Debian: name programs instead of releases");
  return line.slice("Debian ".length);
}
