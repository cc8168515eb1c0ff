import { delimiter, dirname } from "node:path";
import { canUseApt, installPackage } from "./debian-package.mjs";
import { findProgram } from "./find-program.mjs";
import { SetupError } from "./setup-error.mjs";

const BY_HAND = `Countersign needs nats-server 2.9 or newer and found none on the PATH. Install it and run this again:
  macOS          brew install nats-server
  Debian/Ubuntu  sudo apt-get install nats-server
  elsewhere      https://github.com/nats-io/nats-server/releases (put the program on the PATH)
Or point COUNTERSIGN_NATS_URL at a server with JetStream that you run yourself (npm start only).`;

/**
 * Finds nats-server, or installs it where that is ours to do: Debian and Ubuntu, as root.
 *
 * @returns {Promise<string>} the path of the program
 */
export async function ensureNatsServer() {
  const found = findProgram("nats-server");
  if (found !== undefined) return found;
  if (!canUseApt()) throw new SetupError(BY_HAND);
  const { ok, output } = await installPackage("nats-server");
  if (!ok) throw new SetupError(`${output}\nInstalling nats-server with apt-get failed.\n${BY_HAND}`);
  const installed = findProgram("nats-server");
  if (installed === undefined) throw new SetupError(BY_HAND);
  return installed;
}

/**
 * @param {NodeJS.ProcessEnv} env
 * @param {string | undefined} natsServer
 * @returns {NodeJS.ProcessEnv} the same, with the folder of nats-server at the end of PATH
 */
export function withNatsServerOnPath(env, natsServer) {
  return natsServer === undefined ? env : { ...env, PATH: [env["PATH"], dirname(natsServer)].join(delimiter) };
}
