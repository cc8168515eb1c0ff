// Every installed package has a licence that we agreed to. `--list` prints them all instead.
import { licenseProblems, licenseTable, type LicenseList } from "./licenses.ts";
import { pnpm } from "./pnpm.ts";

const { ok, stdout, stderr } = pnpm(["--recursive", "licenses", "list", "--json"]);
if (!ok) throw new Error(`pnpm could not list the licences.\n${stdout}${stderr}`);
const list = JSON.parse(stdout) as LicenseList;

if (process.argv.includes("--list")) process.stdout.write(`${licenseTable(list)}\n`);
else {
  const problems = licenseProblems(list);
  for (const problem of problems) process.stderr.write(`${problem}\n`);
  if (problems.length > 0) {
    process.stderr.write("Read the licence; choose another package, or add the SPDX expression to deploy/licenses.ts.\n");
    process.exitCode = 1;
  }
}
