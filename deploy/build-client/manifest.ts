import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Where the versions of the workspace are not the lowest that will do. */
const RANGES: Readonly<Record<string, string>> = {
  // The program's own copy must be the one that is used, or there is no trace to join: so any that it may have.
  "@opentelemetry/api": "^1.0.0",
};

/**
 * The package.json of the package.
 * @param client the folder of the library in the workspace
 * @param imported the packages that it needs
 * @param doors the JavaScript and the declarations of each entry
 */
export function manifestOf(
  client: string,
  imported: readonly string[],
  doors: Readonly<Record<string, { readonly types: string; readonly default: string }>>,
): object {
  const { name, version } = manifestAt(client);
  const ranges: readonly (readonly [string, string])[] = imported.map((used) => [
    used,
    RANGES[used] ?? `^${manifestAt(join(client, "node_modules", used)).version}`,
  ]);
  return {
    name,
    version,
    description: "Client of Countersign: approval for exactly one action, before a program runs it.",
    license: "Apache-2.0",
    keywords: ["countersign", "approval", "authorization", "authzen", "agents", "grpc"],
    type: "module",
    // 20.12: hash() of node:crypto.
    engines: { node: ">=20.12" },
    exports: doors,
    files: ["dist", "types"],
    sideEffects: false,
    // Declarations name Buffer and AbortSignal, in whichever version the program has.
    dependencies: { ...Object.fromEntries(ranges), "@types/node": "*" },
  };
}

function manifestAt(folder: string): { readonly name: string; readonly version: string } {
  return JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { name: string; version: string };
}
