import { spawn } from "node:child_process";
import { constants } from "node:os";
import { delimiter, join } from "node:path";

/**
 * Runs the real program in place of this one: same terminal, arguments, signals and exit code.
 * A Node.js that can replaces itself, so that nothing of the set-up stays in memory; an older one waits and passes everything on.
 *
 * @param {{ root: string, node: string, args: string[], env: NodeJS.ProcessEnv }} program
 * @returns {Promise<number>} the exit code of the program
 */
export async function handOver({ root, node, args, env }) {
  const complete = {
    ...env,
    PATH: [join(root, "node_modules/.bin"), env["PATH"]].join(delimiter),
    // Compiled code is kept between runs: loading a service takes half the time.
    NODE_COMPILE_CACHE: env["NODE_COMPILE_CACHE"] ?? join(root, "node_modules/.cache/node-compile"),
  };
  process.chdir(root);
  if (typeof process.execve === "function") process.execve(node, [node, ...args], complete);
  return runChild(node, args, complete);
}

/**
 * @param {string} node
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<number>}
 */
function runChild(node, args, env) {
  const child = spawn(node, args, { env, stdio: "inherit" });
  // The terminal has sent Ctrl-C to the child as well; a second one could read as "hurry up".
  process.on("SIGINT", () => process.stdin.isTTY || child.kill("SIGINT"));
  for (const signal of /** @type {const} */ (["SIGTERM", "SIGHUP"])) process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => resolve(code ?? 128 + (constants.signals[signal ?? "SIGTERM"] ?? 0)));
  });
}
