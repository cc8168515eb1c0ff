import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { CommandError } from "@countersign/bus";
import {
  type Health,
  HealthCheckRequestSchema,
  HealthCheckResponse_ServingStatus as ServingStatus,
  HealthCheckResponseSchema,
} from "@countersign/proto/grpc/health/v1/health_pb";
import type { ServiceHandlers } from "./handlers.ts";

/** Serves `grpc.health.v1.Health`: all services of this server are up, or none. */
export class HealthState {
  readonly #services: ReadonlySet<string>;
  readonly #watchers = new Set<() => void>();
  #status: ServingStatus = ServingStatus.NOT_SERVING;

  /** @param services full names of those served. */
  constructor(services: readonly string[]) {
    this.#services = new Set(["", ...services]);
  }

  /** Tells everybody who asks or watches. */
  set(serving: boolean): void {
    const status = serving ? ServingStatus.SERVING : ServingStatus.NOT_SERVING;
    if (status === this.#status) return;
    this.#status = status;
    for (const wake of this.#watchers) wake();
  }

  readonly handlers: ServiceHandlers<typeof Health> = {
    check: async (request) => {
      const { service } = decodeRequest(request);
      if (!this.#services.has(service)) throw new CommandError("NOT_FOUND", "NOT_FOUND", "This service is not served here.");
      return encode(this.#status);
    },
    watch: async (request, call, send) => {
      const { service } = decodeRequest(request);
      for (let sent: ServingStatus | undefined; ;) {
        const status = this.#services.has(service) ? this.#status : ServingStatus.SERVICE_UNKNOWN;
        if (status === sent) await this.#changed(call.signal);
        else await send(encode(status));
        sent = status;
      }
    },
  };

  async #changed(signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        this.#watchers.delete(wake);
        signal.removeEventListener("abort", wake);
        resolve();
      };
      this.#watchers.add(wake);
      signal.addEventListener("abort", wake);
      if (signal.aborted) wake();
    });
    signal.throwIfAborted();
  }
}

function decodeRequest(bytes: Uint8Array) {
  try {
    return fromBinary(HealthCheckRequestSchema, bytes);
  } catch (cause) {
    throw new CommandError("INVALID_ARGUMENT", "MALFORMED", "The request is not a well-formed HealthCheckRequest.", { cause });
  }
}

function encode(status: ServingStatus): Uint8Array {
  return toBinary(HealthCheckResponseSchema, create(HealthCheckResponseSchema, { status }));
}
