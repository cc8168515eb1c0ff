import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parse } from "yaml";

/** What deploy/compose/compose.yaml says of one service, with paths of this machine. */
export type ComposeService = {
  readonly command: readonly string[];
  readonly replicas: number;
  readonly environment: Readonly<Record<string, string>>;
  /** Path in the container, and what is mounted there: a file beside the compose file, or the name of a volume. */
  readonly mounts: ReadonlyMap<string, string>;
  /** Of these mounts, what is there and may be written. */
  readonly writable: readonly string[];
  /** Nothing else may be written. */
  readonly readOnly: boolean;
  readonly envFiles: readonly string[];
};

type Written = {
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly env_file?: readonly string[];
  readonly volumes?: readonly string[];
  readonly read_only?: boolean;
  readonly deploy?: { readonly replicas?: number };
};

/** Reads a compose file, with YAML's merge keys. */
export function readComposeFile(path: string): ReadonlyMap<string, ComposeService> {
  const { services } = parse(readFileSync(path, "utf8"), { merge: true }) as { services: Record<string, Written> };
  return new Map(Object.entries(services).map(([name, written]) => [name, toService(written, dirname(path))]));
}

function toService(written: Written, folder: string): ComposeService {
  const { command, environment, env_file: envFiles, volumes, deploy, read_only: readOnly = false } = written;
  const mounts = (volumes ?? []).map((volume): [string, string] => {
    const [source = "", target = ""] = volume.split(":");
    return [target, source.startsWith(".") ? resolve(folder, source) : source];
  });
  const writable = (volumes ?? []).filter((volume) => !volume.endsWith(":ro")).map((volume) => volume.split(":")[0] ?? "");
  return {
    command: command ?? [],
    replicas: deploy?.replicas ?? 1,
    environment: environment ?? {},
    mounts: new Map(mounts),
    writable,
    readOnly,
    envFiles: (envFiles ?? []).map((file) => resolve(folder, file)),
  };
}

/** The lines of an env file. */
export function readEnvFile(path: string): Record<string, string> {
  const lines = readFileSync(path, "utf8")
    .split("\n")
    .filter((line) => line.includes("="));
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]));
}
