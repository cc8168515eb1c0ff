import { ConfigError } from "@countersign/config";
import { NewerSchemaError } from "@countersign/database";
import { terminalChannel } from "@countersign/notifier";
import { closeOnSignal } from "@countersign/runtime";
import { createLogger } from "@countersign/telemetry";
import { AlreadyRunningError, takeDataDirectory, type DataDirectory } from "./data-directory.ts";
import { readStartSettings, type StartSettings } from "./settings.ts";
import { startStandalone } from "./standalone.ts";
import { welcome } from "./welcome.ts";

/** `npm start`. */
async function main(): Promise<void> {
  const settings = readStartSettings(process.env);
  const directory = takeDataDirectory(settings.dataDir);
  try {
    await start(settings, directory);
  } catch (error) {
    directory.release();
    throw error;
  }
}

async function start(settings: StartSettings, directory: DataDirectory): Promise<void> {
  const standalone = await startStandalone({
    ...settings,
    env: process.env,
    channels: [terminalChannel({ name: "terminal", tenants: "all", output: process.stdout })],
  });
  directory.announce({ pid: process.pid, address: standalone.address });
  process.stdout.write(welcome(standalone, settings.dataDir));
  closeOnSignal(createLogger("countersign", settings.logLevel), [standalone, { close: async () => directory.release() }]);
}

/** What went wrong in words that help, where we know them. */
function explain(error: unknown): string {
  if (error instanceof NewerSchemaError) {
    return `${error.message}\nThe data was written by a newer version of Countersign: update this checkout, or set COUNTERSIGN_DATA_DIR to another directory.`;
  }
  if (error instanceof Error && "code" in error && error.code === "EADDRINUSE") {
    return `${error.message}\nSomething else listens there: stop it, or set COUNTERSIGN_PORT to another port (0 takes a free one).`;
  }
  if (error instanceof ConfigError || error instanceof AlreadyRunningError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

main().catch((error: unknown) => {
  process.stderr.write(`${explain(error)}\n`);
  process.exit(1);
});
