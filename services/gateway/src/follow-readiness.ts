import type { RunningRpcServer } from "@countersign/grpc-kit";
import type { Readiness } from "@countersign/telemetry";

const LOOK_MS = 1000;
/** One look that fails may be a hiccup; calls that come meanwhile are refused one by one, and may be repeated. */
const FAILURES = 3;

/**
 * Lets `grpc.health.v1.Health` say whether calls can be served: not while the bus is away, or the database where the process has one. What is merely behind does not count: it would take a
 * front door out of service that answers well. Returns what ends it.
 */
export function followReadiness(readiness: Pick<Readiness, "serving">, server: Pick<RunningRpcServer, "serving">): () => void {
  let failures = 0;
  let looking = false;
  const look = async (): Promise<void> => {
    if (looking) return;
    looking = true;
    const serving = await readiness.serving();
    looking = false;
    failures = serving ? 0 : failures + 1;
    server.serving(failures < FAILURES);
  };
  const timer = setInterval(() => void look(), LOOK_MS);
  return () => clearInterval(timer);
}
