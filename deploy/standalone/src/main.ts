import { NewerSchemaError } from "@countersign/database";
import { terminalChannel } from "@countersign/notifier";
import { closeOnSignal, isSelfExplaining } from "@countersign/runtime";
import { createLogger } from "@countersign/telemetry";
import { BusyPortError, refuseBusyPorts } from "./busy-port.ts";
import { AlreadyRunningError, takeDataDirectory, type DataDirectory } from "./data-directory.ts";
import { readStartSettings, type StartSettings } from "./settings.ts";
import { startStandalone } from "./standalone.ts";
import { cliFor, welcome } from "./welcome.ts";

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
  await refuseBusyPorts([
    { setting: "COUNTERSIGN_PORT", host: process.env["COUNTERSIGN_HOST"] ?? "127.0.0.1", port: settings.port },
    { setting: "COUNTERSIGN_TILES_PORT", host: "127.0.0.1", port: settings.tilesPort },
  ]);
  const starting = startStandalone({
    ...settings,
    env: process.env,
    channels: [terminalChannel({ name: "terminal", tenants: "all", output: process.stdout, command: cliFor(settings.dataDir) })],
  });
  // Ctrl-C during the start lets it come to its end first, so that nothing is left half made.
  closeOnSignal(createLogger("countersign", settings.logLevel), [
    { close: async () => (await starting).close() },
    { close: async () => directory.release() },
  ]);
  const standalone = await starting;
  directory.announce(standalone.address);
  process.stdout.write(welcome(standalone, settings.dataDir));
}

/** What went wrong in words that help, where we know them. */
function explain(error: unknown): string {
  if (error instanceof NewerSchemaError) {
    return `${error.message}\nThe data was written by a newer version of Countersign: update this checkout, or set COUNTERSIGN_DATA_DIR to another directory.`;
  }
  if (error instanceof AlreadyRunningError || error instanceof BusyPortError || isSelfExplaining(error)) return error.message;
  return withCauses(error);
}

/** What failed, and all that it failed for. */
function withCauses(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const shown = error.stack ?? error.message;
  return error.cause === undefined ? shown : `${shown}\ncaused by: ${withCauses(error.cause)}`;
}

main().catch((error: unknown) => {
  process.stderr.write(`${explain(error)}\n`);
  process.exit(1);
});
