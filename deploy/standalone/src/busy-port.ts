import { createServer } from "node:net";

/** A setting that names a port, and where it listens. */
type Port = { readonly setting: string; readonly host: string; readonly port: number };

/** Something else listens on a port that was asked for. */
export class BusyPortError extends Error {
  override readonly name = "BusyPortError";
}

/**
 * Finds out before anything is started: the front door opens last.
 * @throws BusyPortError that names all that are taken
 */
export async function refuseBusyPorts(ports: readonly Port[]): Promise<void> {
  const taken = [];
  for (const port of ports) if (await isTaken(port)) taken.push(`${port.host}:${port.port} is taken (${port.setting}).`);
  if (taken.length > 0) throw new BusyPortError([...taken, "Stop what listens there, or set another port; 0 takes a free one."].join("\n"));
}

/** @throws Error if nobody may listen there. */
function isTaken({ host, port }: Port): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => (error.code === "EADDRINUSE" ? resolve(true) : reject(error)));
    server.listen(port, host, () => server.close(() => resolve(false)));
  });
}
