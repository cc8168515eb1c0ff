import { createServer } from "node:net";

/** Something else listens on the port that was asked for. */
export class BusyPortError extends Error {
  override readonly name = "BusyPortError";
}

/**
 * Finds out before anything is started: the front door opens last.
 * @throws BusyPortError
 */
export function refuseBusyPort(host: string, port: number, variable: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EADDRINUSE") return reject(error);
      const advice = `stop what listens there, or set ${variable} to another port (0 takes a free one)`;
      reject(new BusyPortError(`${host}:${port} is taken: ${advice}.`, { cause: error }));
    });
    server.listen(port, host, () => server.close(() => resolve()));
  });
}
