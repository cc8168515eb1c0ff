import { rolldown } from "rolldown";

/** canonicalize among them: its package.json asks for a newer Node.js than its code needs, and it must be the code that the server computes digests with. */
const OURS = /^(@countersign\/|canonicalize$|\.|\/)/;

/**
 * Writes plain JavaScript modules: one for each entry, and one with what they share.
 * @returns the names of the packages that they import.
 */
export async function bundle(root: string, entries: Readonly<Record<string, string>>, dir: string): Promise<readonly string[]> {
  const build = await rolldown({
    cwd: root,
    input: entries,
    platform: "node",
    external: (id) => !OURS.test(id),
    transform: { target: "node20" },
    // Where a module comes from means nothing in the package.
    experimental: { attachDebugInfo: "none" },
  });
  const { output } = await build.write({ dir, format: "esm", chunkFileNames: "shared.js", minifyInternalExports: false });
  await build.close();
  const imported = output.flatMap((file) =>
    file.type === "chunk" ? file.imports.filter((name) => !output.some(({ fileName }) => fileName === name)) : [],
  );
  return [...new Set(imported.filter((name) => !name.startsWith("node:")).map(packageOf))].toSorted();
}

/** `@scope/name` of `@scope/name/some/module`. */
function packageOf(specifier: string): string {
  return specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
}
