import { canUseApt, installPackage } from "./debian-package.mjs";
import { findProgram } from "./find-program.mjs";

/**
 * Chaos sets the clocks of single processes by libfaketime. Where it is missing it is installed, if that is ours to do; where that cannot be, chaos leaves clocks alone, and says so.
 */
export async function tryFaketime() {
  if (findProgram("faketime") !== undefined || !canUseApt()) return;
  const { ok, output } = await installPackage("faketime");
  if (!ok) process.stderr.write(`${output}\nlibfaketime cannot be installed: no clock is set.\n`);
}
