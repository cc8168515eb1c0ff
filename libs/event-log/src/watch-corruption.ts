import { observe } from "@countersign/telemetry";
import { corruptionIn } from "./errors.ts";
import type { EventLog } from "./event-log.ts";

/** How long one that was met is told of: longer than between two scrapes, and than whoever comes to it again and again waits. */
const TOLD_MS = 15 * 60_000;

/** The same log, and a gauge that is 1 while what is read of it, or what is appended behind, is corrupt: of the first position that was met lately. */
export function watchCorruption<Log extends EventLog>(
  log: Log,
  monotonicMs = () => performance.now(),
): { readonly log: Log; /** Takes the gauge off again. */ end(): void } {
  let met: { readonly position: number; readonly at: number } | undefined;
  const lately = () => (met !== undefined && monotonicMs() - met.at < TOLD_MS ? met : undefined);
  const watched =
    <Args extends readonly unknown[], Result>(call: (...args: Args) => Promise<Result>) =>
    async (...args: Args): Promise<Result> => {
      try {
        return await call(...args);
      } catch (error) {
        const flaw = corruptionIn(error);
        const { position = Infinity } = flaw ?? {};
        if (flaw !== undefined && position <= (lately()?.position ?? Infinity)) met = { position, at: monotonicMs() };
        throw error;
      }
    };
  const end = observe(
    { "countersign.log.corrupt": { description: "Whether the event log is corrupt, as far as it was read lately" } },
    () => {
      const found = lately();
      const where = Number.isFinite(found?.position) ? String(found?.position) : "unknown";
      const attributes = { ledger: log.ledger, ...(found === undefined ? {} : { position: where }) };
      return { "countersign.log.corrupt": [{ value: found === undefined ? 0 : 1, attributes }] };
    },
  );
  const { append, readStream, readAll, readTenant, findReply } = log;
  return {
    log: {
      ...log,
      append: watched(append),
      readStream: watched(readStream),
      readAll: watched(readAll),
      readTenant: watched(readTenant),
      findReply: watched(findReply),
    },
    end,
  };
}
