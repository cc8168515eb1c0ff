import { spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "@countersign/testing";

/** Where the rules and the dashboard are. */
export const OBSERVABILITY = fileURLToPath(new URL("../../../../deploy/observability/", import.meta.url));

/** Whether both programs of Debian's package `prometheus` are on the PATH. */
export function hasPrometheus(): boolean {
  return ["prometheus", "promtool"].every((program) =>
    (process.env["PATH"] ?? "").split(delimiter).some((folder) => isExecutable(join(folder, program))),
  );
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

export type Rule = { readonly name: string; readonly health: string; readonly lastError?: string; readonly lastEvaluation: string };

export type RunningPrometheus = {
  /** Its HTTP API: the `data` of the answer. */
  ask<Data>(path: string, query?: Readonly<Record<string, string>>): Promise<Data>;
  close(): Promise<void>;
};

/** A Prometheus with our rules that scrapes one address every second. */
export async function startPrometheus(target: string): Promise<RunningPrometheus> {
  const folder = mkdtempSync(join(tmpdir(), "countersign-prometheus-"));
  const config = {
    global: { scrape_interval: "1s", evaluation_interval: "1s" },
    rule_files: [resolve(OBSERVABILITY, "alerts.yaml")],
    scrape_configs: [{ job_name: "countersign", static_configs: [{ targets: [target] }] }],
  };
  // JSON is YAML.
  writeFileSync(join(folder, "prometheus.yaml"), JSON.stringify(config));
  const address = `127.0.0.1:${await freePort()}`;
  const child = spawn(
    "prometheus",
    [
      `--config.file=${join(folder, "prometheus.yaml")}`,
      `--storage.tsdb.path=${join(folder, "data")}`,
      `--web.listen-address=${address}`,
      "--enable-feature=exemplar-storage",
      "--log.level=error",
    ],
    { stdio: "ignore" },
  );
  const exited = once(child, "exit");
  return {
    ask: async <Data>(path: string, query: Readonly<Record<string, string>> = {}) => {
      const url = `http://${address}/api/v1/${path}?${new URLSearchParams(query).toString()}`;
      const answer = (await (await fetch(url)).json()) as { status: string; data: Data; error?: string };
      if (answer.status !== "success") throw new Error(`${url}: ${answer.error ?? "no success"}`);
      return answer.data;
    },
    close: async () => {
      child.kill("SIGTERM");
      await exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
