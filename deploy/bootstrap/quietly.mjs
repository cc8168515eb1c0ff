import { spawn } from "node:child_process";

/**
 * Runs a command behind one line of progress on stderr. Its output is kept back and given to the caller, who shows it when it failed.
 * Ctrl-C ends the command first and then us, so that whoever called can tidy up.
 *
 * @param {string} title what the user reads while it runs
 * @param {string} command
 * @param {string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv }} [options]
 * @returns {Promise<{ ok: boolean, output: string }>} `ok` is false when it failed or could not be started
 */
export async function quietly(title, command, args, options = {}) {
  process.stderr.write(`${title} ...`);
  const started = Date.now();
  const result = await run(command, args, options);
  process.stderr.write(result.ok ? ` done in ${((Date.now() - started) / 1000).toFixed(1)} s\n` : " failed\n");
  return result;
}

/**
 * @param {string} command
 * @param {string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv }} options
 * @returns {Promise<{ ok: boolean, output: string }>}
 */
function run(command, args, options) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    const keep = (/** @type {Buffer} */ chunk) => void (output += chunk.toString());
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    const stop = (/** @type {NodeJS.Signals} */ signal) => void child.kill(signal);
    process.on("SIGINT", stop).on("SIGTERM", stop);
    const end = (/** @type {boolean} */ ok) => {
      process.off("SIGINT", stop).off("SIGTERM", stop);
      resolve({ ok, output });
    };
    child.once("error", (error) => {
      output += `${error.message}\n`;
      end(false);
    });
    child.once("close", (code) => end(code === 0));
  });
}
