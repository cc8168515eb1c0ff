import { canUseApt, installPackage } from "./debian-package.mjs";
import { findProgram } from "./find-program.mjs";

/**
 * What a target makes use of and does without: any one of the programs. Debian's package bears the name of the first.
 *
 * @type {Record<string, readonly { programs: readonly [string, ...string[]], without: string }[]>}
 */
const OPTIONAL = {
  test: [
    { programs: ["prometheus"], without: "the tests of alerts and dashboard are skipped" },
    { programs: ["chromium-headless-shell", "chromium"], without: "the tests of the reviewer's page in a browser are skipped" },
  ],
  chaos: [{ programs: ["faketime"], without: "no clock is set" }],
};

/**
 * Installs what is missing, if that is ours to do; where that cannot be, says what goes on without it: everything else works.
 *
 * @param {string} target
 */
export async function tryOptionalPrograms(target) {
  for (const { programs, without } of OPTIONAL[target] ?? []) {
    const [program] = programs;
    if (programs.some(findProgram)) continue;
    const { ok, output } = canUseApt() ? await installPackage(program) : { ok: false, output: "" };
    if (!ok)
      process.stderr.write(`${output}\nThere is no ${program} on the PATH, and it could not be installed: ${without}.\n`.trimStart());
  }
}
