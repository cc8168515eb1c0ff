/** What `pnpm licenses list --json` prints: packages by the SPDX expression that they declare. */
export type LicenseList = Readonly<Record<string, readonly { readonly name: string; readonly versions: readonly string[] }[]>>;

/** Permissive ones, as SPDX expressions (https://spdx.org/licenses). An expression that is not here was read by nobody yet. */
const ALLOWED = new Set([
  "(Apache-2.0 AND BSD-3-Clause)",
  "0BSD",
  "Apache-2.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "BlueOak-1.0.0",
  "CC0-1.0",
  "ISC",
  "MIT",
  "MIT-0",
  "Unlicense",
]);

/** By package: file-level copyleft in what only the tests load, unchanged. */
const EXCEPTIONS: Readonly<Record<string, string>> = { lightningcss: "MPL-2.0" };

/** One line for each package whose licence nobody has agreed to. */
export function licenseProblems(list: LicenseList): string[] {
  return Object.entries(list)
    .filter(([license]) => !ALLOWED.has(license))
    .flatMap(([license, packages]) =>
      packages
        .filter(({ name }) => exceptionFor(name) !== license)
        .map(({ name, versions }) => `${name}@${versions.join(", ")}: ${license}`),
    );
}

/** The binary package is another one on each platform. */
function exceptionFor(name: string): string | undefined {
  return EXCEPTIONS[name.startsWith("lightningcss-") ? "lightningcss" : name];
}

/** The list for people: `license  name@version`, sorted. */
export function licenseTable(list: LicenseList): string {
  return Object.entries(list)
    .flatMap(([license, packages]) => packages.flatMap(({ name, versions }) => versions.map((version) => `${license}\t${name}@${version}`)))
    .toSorted()
    .join("\n");
}
