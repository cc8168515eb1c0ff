import { globSync, readFileSync } from "node:fs";
import { FAULT_KINDS } from "../test/chaos/src/faults/plan.ts";
import { expect, test } from "vitest";

const runbook = readFileSync("deploy/runbook.md", "utf8");

/** The rows of the tables of what happens when, by their cells. */
const rows = (runbook.split("## What happens when")[1]?.split("\n## ")[0] ?? "")
  .split("\n")
  .filter((line) => line.startsWith("| ") && !line.startsWith("| what happens") && !line.startsWith("| ---"))
  .map((line) =>
    line
      .slice(1, -1)
      .split(" | ")
      .map((cell) => cell.trim()),
  );

test("each line of what happens when says what is seen, what happens, what to run, and what shows it", () => {
  expect(rows.length).toBeGreaterThan(20);
  expect(rows.filter((cells) => cells.length !== 5 || cells.includes(""))).toEqual([]);
});

test("what is said to show it is a kind of fault, an option or a test that there is", () => {
  const tests = globSync("{libs,services,deploy,test}/**/*.test.ts", { exclude: (path) => path.endsWith("node_modules") });
  const known = new Set<string>([...FAULT_KINDS, "--nats-servers", ...tests.map((path) => path.replace(/^.*\//, ""))]);
  const named = rows.flatMap((cells) => [...(cells[4] ?? "").matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name));
  expect(named.filter((name) => !known.has(name))).toEqual([]);
  // A kind that nobody reads about is one that nobody knows what to do about.
  expect(FAULT_KINDS.filter((kind) => !named.includes(kind))).toEqual(["restart"]);
});

test("every alert that it names is one, and every one has its section", () => {
  const alerts = new Set(readFileSync("deploy/observability/alerts.yaml", "utf8").match(/(?<=alert: )\w+/g));
  const named = new Set(runbook.match(/\bCountersign[A-Z]\w+/g));
  expect([...named].filter((name) => !alerts.has(name))).toEqual([]);
  expect([...alerts].filter((name) => !runbook.includes(`### ${name}\n`))).toEqual([]);
});
