import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import ts from "typescript";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const run = promisify(execFile);

/** A program's folder, outside of the workspace, with the client's package and nothing else that is ours. */
export type InstalledClient = {
  readonly folder: string;
  /** The package as it was unpacked. */
  readonly packageFolder: string;
  remove(): void;
};

/** Builds the package and does what `npm install` would: unpacks it beside what its package.json asks for, which is the workspace's own copy. */
export async function installClient(): Promise<InstalledClient> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "countersign-program-")));
  const { stdout } = await run(process.execPath, [join(ROOT, "deploy/build-client.ts"), folder]);
  const packageFolder = join(folder, "node_modules/@countersign/client");
  mkdirSync(packageFolder, { recursive: true });
  await run("tar", ["-xzf", stdout.trim(), "-C", packageFolder, "--strip-components=1"]);
  const { dependencies } = JSON.parse(readFileSync(join(packageFolder, "package.json"), "utf8")) as { dependencies: object };
  for (const name of Object.keys(dependencies)) {
    const link = join(folder, "node_modules", name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(realpathSync(join(ROOT, name === "@types/node" ? "" : "libs/client", "node_modules", name)), link);
  }
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  return { folder, packageFolder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** What strict TypeScript says of these files of the program, and of the package's declarations; those of other packages are theirs. */
export function typeFlaws({ folder, packageFolder }: InstalledClient, files: readonly string[]): readonly string[] {
  const options: ts.CompilerOptions = { module: ts.ModuleKind.NodeNext, strict: true, noEmit: true };
  const program = ts.createProgram(
    files.map((file) => join(folder, file)),
    options,
  );
  const ours = program.getSourceFiles().filter(({ fileName }) => fileName.startsWith(packageFolder) || dirname(fileName) === folder);
  return [
    ...program.getOptionsDiagnostics(),
    ...program.getGlobalDiagnostics(),
    ...ours.flatMap((file) => [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)]),
  ].map(({ file, messageText }) => `${file?.fileName ?? ""} ${ts.flattenDiagnosticMessageText(messageText, " ")}`);
}
