import type { Command } from "@countersign/proto/internal/v1/command_pb";
import {
  ATTRIBUTES,
  errorType,
  inSpan,
  instruments,
  observing,
  startSpan,
  tellSpan,
  tenantLabel,
  traceparentOf,
} from "@countersign/telemetry";
import { CommandError, type CommandBus, type CommandHandler, type FailureCode } from "./commands.ts";

/** What carries the commands. */
export type CommandCarrier = "nats" | "in_process";

/**
 * The same bus, measured and traced: one trace goes from whoever sends a command to whoever handles it. Costs a test for each command while nothing is
 * measured. Within a process, where a command is a call, it is no span of its own: the span that it is part of is told when it was handled.
 */
export function observedCommands(bus: CommandBus, carrier: CommandCarrier): CommandBus {
  return {
    send: (service, method, command, options) => {
      if (carrier === "in_process" || !observing()) return bus.send(service, method, command, options);
      const attributes = attributesOf(service, method, carrier);
      const span = startSpan(`send ${service}.${method}`, { kind: "client", attributes });
      const sent = (): Promise<Uint8Array> => bus.send(service, method, below(command, span), options);
      return timed(instruments()?.commandsSent, attributes, () => inSpan(span, sent), command);
    },
    serve: (service, handlers) => {
      const observed = Object.entries(handlers).map(
        ([method, handler]) => [method, observedHandler(service, method, handler, carrier)] as const,
      );
      return bus.serve(service, Object.fromEntries(observed));
    },
  };
}

function attributesOf(service: string, method: string, carrier: CommandCarrier) {
  return { [ATTRIBUTES.messagingSystem]: carrier, [ATTRIBUTES.destination]: `${service}.${method}` };
}

function below(command: Command, span: ReturnType<typeof startSpan>): Command {
  return span === undefined ? command : { ...command, traceparent: traceparentOf(span) };
}

function observedHandler(service: string, method: string, handler: CommandHandler, carrier: CommandCarrier): CommandHandler {
  const attributes = attributesOf(service, method, carrier);
  const name = `${service}.${method}`;
  const traced = carrier === "nats" ? inItsSpan(name, attributes, handler) : toldOf(name, handler);
  const handled = service === "approval" && VOTES.has(method) ? countingRefusals(traced) : traced;
  return (command) => (observing() ? timed(instruments()?.commandsServed, attributes, handled, command) : handler(command));
}

function inItsSpan(name: string, attributes: Record<string, string>, handler: CommandHandler): CommandHandler {
  const details = { kind: "server", attributes } as const;
  return (command) => {
    const span = startSpan(name, details, command.traceparent);
    return inSpan(span, () => handler(below(command, span)));
  };
}

function toldOf(name: string, handler: CommandHandler): CommandHandler {
  const failed = (error: unknown): never => {
    tellSpan(`${name} failed`, { [ATTRIBUTES.errorType]: errorType(error) });
    throw error;
  };
  return (command) => (tellSpan(name) ? handler(command).catch(failed) : handler(command));
}

async function timed(
  timing: { record(seconds: number, attributes: Record<string, string>): void } | undefined,
  attributes: Record<string, string>,
  work: CommandHandler,
  command: Command,
): Promise<Uint8Array> {
  if (timing === undefined) return work(command);
  const startedAt = performance.now();
  let told = attributes;
  try {
    return await work(command);
  } catch (error) {
    told = { ...attributes, [ATTRIBUTES.errorType]: errorType(error) };
    throw error;
  } finally {
    timing.record((performance.now() - startedAt) / 1000, told);
  }
}

/** Methods that decide for a human. */
const VOTES: ReadonlySet<string> = new Set(["SubmitVote", "BreakGlass"]);
/** A "no" to the voter, as opposed to a fault. */
const REFUSALS: ReadonlySet<FailureCode> = new Set(["PERMISSION_DENIED", "FAILED_PRECONDITION", "NOT_FOUND", "INVALID_ARGUMENT"]);

function countingRefusals(handler: CommandHandler): CommandHandler {
  return async (command) => {
    try {
      return await handler(command);
    } catch (error) {
      if (error instanceof CommandError && REFUSALS.has(error.code))
        instruments()?.votesRefused.add(1, { [ATTRIBUTES.reason]: error.reason, ...tenantLabel(command.caller?.tenant ?? "") });
      throw error;
    }
  };
}
