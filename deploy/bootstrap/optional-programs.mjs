import { canUseApt, installPackage } from "./debian-package.mjs";
import { findProgram } from "./find-program.mjs";

/**
 * What a target makes use of and does without. Debian's package bears the name of its program.
 *
 * @type {Record<string, readonly { program: string, without: string }[]>}
 */
const OPTIONAL = {
  test: [
    { program: "prometheus", without: "the tests of alerts and dashboard are skipped" },
    { program: "chromium-headless-shell", without: "the tests of the reviewer's page in a browser are skipped" },
  ],
  chaos: [{ program: "faketime", without: "no clock is set" }],
};

/**
 * Installs what is missing, if that is ours to do; where that cannot be, says what goes on without it: everything else works.
 *
 * @param {string} target
 */
export async function tryOptionalPrograms(target) {
  for (const { program, without } of OPTIONAL[target] ?? []) {
    if (findProgram(program) !== undefined) continue;
    const { ok, output } = canUseApt() ? await installPackage(program) : { ok: false, output: "" };
    if (!ok)
      process.stderr.write(`${output}\nThere is no ${program} on the PATH, and it could not be installed: ${without}.\n`.trimStart());
  }
}
