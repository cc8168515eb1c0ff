import { withinTime } from "@countersign/event-log";
import { createLogger, type Logger } from "@countersign/telemetry";
import type { CommandBus, CommandHandler } from "./commands.ts";
import { noHandler, refusalOf, unknownMethod } from "./failure.ts";
import { InFlight } from "./in-flight.ts";
import { PendingReplies, timedOut } from "./pending-replies.ts";

type Instance = { readonly handlers: Readonly<Record<string, CommandHandler>>; readonly inFlight: InFlight };

/** The command port between services that run in one process: a direct call, with the failures and deadlines of the real bus. */
export function inProcessCommands(options: { /** Where a handler's unexpected errors go. */ readonly logger?: Logger } = {}): CommandBus {
  const logger = options.logger ?? createLogger("commands");
  const services = new Map<string, Instance[]>();
  const replies = new PendingReplies();
  let turn = 0;

  return {
    async send(service, method, command, { timeoutMs }) {
      const instances = services.get(service) ?? [];
      turn += 1;
      const instance = instances[turn % instances.length];
      if (instance === undefined) throw noHandler(service);
      const handler = Object.hasOwn(instance.handlers, method) ? instance.handlers[method] : undefined;
      if (handler === undefined) throw unknownMethod(service, method);
      if (timeoutMs <= 0) throw timedOut(service);
      const token = String(turn);
      const reply = replies.open(token, { service, subject: method }, timeoutMs);
      instance.inFlight.run(async () => {
        try {
          replies.resolve(token, await withinTime(timeoutMs, () => handler(command)));
        } catch (error) {
          const refusal = refusalOf(error, { service, method }, logger);
          replies.reject(token, () => refusal);
        }
      });
      return reply;
    },
    async serve(service, handlers) {
      const instance: Instance = { handlers, inFlight: new InFlight() };
      services.set(service, [...(services.get(service) ?? []), instance]);
      return {
        close: async () => {
          services.set(
            service,
            (services.get(service) ?? []).filter((other) => other !== instance),
          );
          await instance.inFlight.idle();
        },
      };
    },
  };
}
