import { dirname, relative } from "node:path";
import ts from "typescript";

const OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2024,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  strict: true,
  declaration: true,
  isolatedDeclarations: true,
};

/**
 * The .d.ts of these sources, and of every source of ours that they name, by their path in the package. There they name each other by relative paths:
 * outside of the workspace its names, and imports that end in .ts, mean nothing.
 * @param pathOf where the declarations of a source are in the package.
 * @throws Error when the type of something exported is not written in its source, but left to be inferred.
 */
export function declarationsOf(entries: readonly string[], pathOf: (source: string) => string): ReadonlyMap<string, string> {
  const declarations = new Map<string, string>();
  const waiting = [...entries];
  for (let source = waiting.pop(); source !== undefined; source = waiting.pop()) {
    const from = source;
    const path = pathOf(from);
    if (declarations.has(path)) continue;
    const renamed = (specifier: string): string => {
      const found = ts.resolveModuleName(specifier, from, OPTIONS, ts.sys, undefined, undefined, ts.ModuleKind.ESNext).resolvedModule;
      if (found === undefined || found.resolvedFileName.includes("/node_modules/")) return specifier;
      waiting.push(found.resolvedFileName);
      const target = relative(dirname(path), pathOf(found.resolvedFileName)).replace(/\.d\.ts$/, ".js");
      return target.startsWith(".") ? target : `./${target}`;
    };
    declarations.set(path, withSpecifiers(declarationOf(from), renamed));
  }
  return declarations;
}

function declarationOf(source: string): string {
  const text = ts.sys.readFile(source) ?? "";
  const { outputText, diagnostics = [] } = ts.transpileDeclaration(text, {
    fileName: source,
    compilerOptions: OPTIONS,
    reportDiagnostics: true,
  });
  const [flaw] = diagnostics;
  if (flaw !== undefined) throw new Error(`${source}: ${ts.flattenDiagnosticMessageText(flaw.messageText, " ")}`);
  return outputText;
}

/** The same text with other module specifiers. */
function withSpecifiers(text: string, renamed: (specifier: string) => string): string {
  let result = text;
  // From the end, so that the positions before stay what they are; each is that of the opening quote.
  for (const { fileName, pos } of ts.preProcessFile(text).importedFiles.toReversed())
    result = result.slice(0, pos + 1) + renamed(fileName) + result.slice(pos + 1 + fileName.length);
  return result;
}
