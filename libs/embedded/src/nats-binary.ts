import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** There is no nats-server on this machine; the message says what to do. */
export class NatsServerMissing extends Error {
  override readonly name = "NatsServerMissing";

  constructor() {
    super(
      "nats-server is neither on PATH nor in /usr/sbin or /usr/local/bin. Install version 2.9 or newer: `apt-get install nats-server` on Debian and Ubuntu, " +
        "`brew install nats-server` on macOS, or the binary from https://github.com/nats-io/nats-server/releases on PATH; " +
        "or point COUNTERSIGN_NATS_URL at a server with JetStream that runs already.",
    );
  }
}

/**
 * Path of nats-server: from PATH, else from where packages put it (Debian: /usr/sbin, which is not on every user's PATH).
 * @throws NatsServerMissing
 */
export function natsBinary(folders: readonly string[] = [...pathFolders(), ...USUAL_FOLDERS]): string {
  const found = folders.map((folder) => join(folder, "nats-server")).find(isExecutable);
  if (found === undefined) throw new NatsServerMissing();
  return found;
}

const USUAL_FOLDERS = ["/usr/sbin", "/usr/local/bin", "/opt/homebrew/bin"];

function pathFolders(): readonly string[] {
  return (process.env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
