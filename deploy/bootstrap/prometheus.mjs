import { canUseApt, installPackage } from "./debian-package.mjs";
import { findProgram } from "./find-program.mjs";

/**
 * The tests of alerts and dashboard run a real Prometheus. Where it is missing it is installed, if that is ours to do; where that cannot be, those tests are skipped, and say why:
 * everything else can be tested without it.
 */
export async function tryPrometheus() {
  if (findProgram("promtool") !== undefined && findProgram("prometheus") !== undefined) return;
  if (!canUseApt()) {
    process.stderr.write("There is no prometheus on the PATH: the tests of alerts and dashboard are skipped.\n");
    return;
  }
  const { ok, output } = await installPackage("prometheus");
  if (!ok) process.stderr.write(`${output}\nPrometheus cannot be installed: the tests of alerts and dashboard are skipped.\n`);
}
