import { observe, type Logger } from "@countersign/telemetry";
import { errors, type NatsConnection } from "@nats-io/transport-node";
import { denialsOf, type Denial } from "./denials.ts";

/** How a process gets on with NATS: its log says what NATS says, its metrics count it. */
export type BusWatch = {
  /** What keeps the process from its work on the bus, for a probe; nothing when nothing does. */
  problem(): string | undefined;
  end(): void;
};

/** Watches the connection of this process until it is told to end. */
export function watchBus(connection: NatsConnection, logger: Logger): BusWatch {
  const denials = denialsOf(connection);
  const denied = new Set<string>();
  let losses = 0;
  const endings = [
    denials.onDenied((denial) => {
      // It is refused again and again: one line is enough.
      if (denied.size < MOST_TOLD && denied.size !== denied.add(textOf(denial)).size)
        logger.error({ ...denial }, "NATS refuses this process's user a right that it needs: see libs/bus/src/permissions.ts");
    }),
    denials.onAllowed((denial) => {
      if (denied.delete(textOf(denial))) logger.info({ ...denial }, "NATS refuses it no more, or nobody asks for it");
    }),
    observe(
      {
        "countersign.bus.denied": { description: "Subjects of commands and events that NATS refuses this process" },
        "countersign.bus.losses": { description: "How often this process has lost its connection to NATS" },
        "countersign.bus.max_payload": { description: "Bytes that NATS takes in one message", unit: "By" },
      },
      () => ({
        "countersign.bus.denied": [{ value: denials.current().length }],
        "countersign.bus.losses": [{ value: losses }],
        "countersign.bus.max_payload": [{ value: connection.info?.max_payload ?? 0 }],
      }),
    ),
  ];
  void follow(connection, logger, () => void (losses += 1));
  warnOfSmallPayload(connection, logger);
  return {
    problem: () => denials.current()[0],
    end: () => endings.forEach((end) => end()),
  };
}

async function follow(connection: NatsConnection, logger: Logger, onLoss: () => void): Promise<void> {
  for await (const status of connection.status()) {
    if (status.type === "disconnect") {
      onLoss();
      logger.warn({ server: status.server }, "the connection to NATS was lost; it is made again");
    } else if (status.type === "reconnect") {
      logger.info({ server: status.server }, "connected to NATS again");
      warnOfSmallPayload(connection, logger);
    } else if (status.type === "error" && !(status.error instanceof errors.PermissionViolationError))
      logger.error({ err: status.error }, "NATS reports an error");
  }
}

function warnOfSmallPayload({ info }: NatsConnection, logger: Logger): void {
  if (info !== undefined && info.max_payload < GOOD_PAYLOAD)
    logger.warn(
      { maxPayload: info.max_payload },
      `NATS carries less than ${GOOD_PAYLOAD} bytes: set max_payload to 1MB, its default, or more`,
    );
}

function textOf({ operation, subject }: Denial): string {
  return `${operation} ${subject}`;
}

const GOOD_PAYLOAD = 1_048_576;
const MOST_TOLD = 100;
