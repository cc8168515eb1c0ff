import type { Command } from "@countersign/proto/internal/v1/command_pb";
import { ATTRIBUTES, errorType, inSpan, instruments, observing, tenantLabel, traceparentOf } from "@countersign/telemetry";
import { CommandError, type CommandBus, type CommandHandler, type FailureCode } from "./commands.ts";

/** What carries the commands. */
export type CommandCarrier = "nats" | "in_process";

/**
 * The same bus, measured and traced: one trace goes from whoever sends a command to whoever handles it. Costs a test for each command while nothing is
 * measured. Within a process, where a command is a call, only its handling is a span.
 */
export function observedCommands(bus: CommandBus, carrier: CommandCarrier): CommandBus {
  return {
    send: (service, method, command, options) => {
      if (carrier === "in_process" || !observing()) return bus.send(service, method, command, options);
      const attributes = attributesOf(service, method, carrier);
      return timed(instruments()?.commandsSent, attributes, () =>
        inSpan(`send ${service}.${method}`, { kind: "client", attributes }, (span) =>
          bus.send(service, method, span === undefined ? command : { ...command, traceparent: traceparentOf(span) }, options),
        ),
      );
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

function observedHandler(service: string, method: string, handler: CommandHandler, carrier: CommandCarrier): CommandHandler {
  const attributes = attributesOf(service, method, carrier);
  const name = `${service}.${method}`;
  // Within a process they would repeat its name.
  const details = { kind: "server" as const, ...(carrier === "nats" ? { attributes } : {}) };
  const isVote = service === "approval" && VOTES.has(method);
  return (command) => {
    if (!observing()) return handler(command);
    return timed(instruments()?.commandsServed, attributes, async () => {
      const parent = { ...details, parent: command.traceparent };
      try {
        return await inSpan(name, parent, (span) =>
          handler(span === undefined ? command : { ...command, traceparent: traceparentOf(span) }),
        );
      } catch (error) {
        if (isVote) countRefusedVote(command, error);
        throw error;
      }
    });
  };
}

async function timed(
  timing: { record(seconds: number, attributes: Record<string, string>): void } | undefined,
  attributes: Record<string, string>,
  work: () => Promise<Uint8Array>,
): Promise<Uint8Array> {
  if (timing === undefined) return work();
  const startedAt = performance.now();
  let failed = {};
  try {
    return await work();
  } catch (error) {
    failed = { [ATTRIBUTES.errorType]: errorType(error) };
    throw error;
  } finally {
    timing.record((performance.now() - startedAt) / 1000, { ...attributes, ...failed });
  }
}

/** Methods that decide for a human. */
const VOTES: ReadonlySet<string> = new Set(["SubmitVote", "BreakGlass"]);
/** A "no" to the voter, as opposed to a fault. */
const REFUSALS: ReadonlySet<FailureCode> = new Set(["PERMISSION_DENIED", "FAILED_PRECONDITION", "NOT_FOUND", "INVALID_ARGUMENT"]);

function countRefusedVote({ caller }: Command, error: unknown): void {
  if (!(error instanceof CommandError) || !REFUSALS.has(error.code)) return;
  instruments()?.votesRefused.add(1, { [ATTRIBUTES.reason]: error.reason, ...tenantLabel(caller?.tenant ?? "") });
}
