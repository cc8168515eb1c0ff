import { create } from "@bufbuild/protobuf";
import { CommandSchema, type Command } from "@countersign/proto/internal/v1/command_pb";
import { PrincipalSchema } from "@countersign/proto/v1/principal_pb";
import { currentDeadline } from "@countersign/event-log";
import type { Logger } from "@countersign/telemetry";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CommandError, type CommandBus, type CommandHandler } from "./commands.ts";

/** Two ends of one bus: they may be the same one, or two connections. */
export type CommandBusSetup = { readonly sender: CommandBus; readonly servers: readonly [CommandBus, CommandBus]; close(): Promise<void> };

/** What every adapter of the command port must do. `setup` makes a bus that nobody else uses. */
export function commandBusContract(name: string, setup: (logger: Logger) => Promise<CommandBusSetup>): void {
  describe(`command bus: ${name}`, () => {
    let bus: CommandBusSetup;
    let logged: { level: string; fields: object }[];
    const serve = (handlers: Record<string, CommandHandler>, server: 0 | 1 = 0) => bus.servers[server].serve("policy", handlers);
    const send = (method: string, command: Command = commandOf("hello"), timeoutMs = 5000) =>
      bus.sender.send("policy", method, command, { timeoutMs });

    beforeEach(async () => {
      logged = [];
      bus = await setup(recorder(logged));
    });
    afterEach(() => bus.close());

    test("carries bytes there and back, with caller and trace", async () => {
      let seen: Command | undefined;
      await serve({
        Echo: async (command) => {
          seen = command;
          return Uint8Array.of(0, 255, ...command.request);
        },
      });
      const command = commandOf("héllo\0");
      expect(await send("Echo", command)).toEqual(Uint8Array.of(0, 255, ...command.request));
      expect(seen?.caller?.id).toBe("agent-1");
      expect(seen?.traceparent).toBe(TRACEPARENT);
    });

    test("P3: each command names its own caller, whoever called before", async () => {
      const seen: (string | undefined)[] = [];
      await serve({
        Who: async ({ caller }) => {
          seen.push(caller && `${caller.tenant}/${caller.id}`);
          return new Uint8Array();
        },
      });
      const [ann, bob] = [create(PrincipalSchema, { tenant: "acme", id: "ann" }), create(PrincipalSchema, { tenant: "other", id: "bob" })];
      for (const caller of [ann, bob, ann]) await send("Who", create(CommandSchema, { caller }));
      await send("Who", create(CommandSchema));
      expect(seen).toEqual(["acme/ann", "other/bob", "acme/ann", undefined]);
    });

    test("an empty reply is a reply", async () => {
      await serve({ Nothing: async () => new Uint8Array() });
      expect(await send("Nothing")).toEqual(new Uint8Array());
    });

    test("the handler's queues know until when somebody waits for the reply", async () => {
      let leftMs = Infinity;
      await serve({
        Look: async () => {
          leftMs = currentDeadline() - performance.now();
          return new Uint8Array();
        },
      });
      await send("Look", commandOf("hello"), 30_000);
      expect(leftMs).toBeGreaterThan(0);
      expect(leftMs).toBeLessThanOrEqual(30_000);
      expect(currentDeadline()).toBe(Infinity);
    });

    test("a refusal travels with code, reason, metadata and violations", async () => {
      await serve({
        Refuse: async () => {
          throw new CommandError("INVALID_ARGUMENT", "FIELD_VIOLATION", "No name.", {
            metadata: { action: "a1" },
            violations: [{ field: "input.action.name", description: "is required" }],
            cause: new Error("for our eyes"),
          });
        },
      });
      const refusal = await failureOf(send("Refuse"));
      expect(refusal).toMatchObject({
        code: "INVALID_ARGUMENT",
        reason: "FIELD_VIOLATION",
        message: "No name.",
        metadata: { action: "a1" },
      });
      expect(refusal.violations).toEqual([{ field: "input.action.name", description: "is required" }]);
      expect(refusal.cause).toBeUndefined();
      expect(logged).toHaveLength(1);
    });

    test("an unexpected error tells the caller nothing and the log everything", async () => {
      await serve({
        Break: async () => {
          throw new TypeError("secret-detail");
        },
      });
      const refusal = await failureOf(send("Break"));
      expect(refusal).toMatchObject({ code: "INTERNAL", reason: "BUG" });
      expect(refusal.message).not.toContain("secret-detail");
      expect(refusal.cause).toBeUndefined();
      expect(logged.map((line) => line.level)).toEqual(["error"]);
      expect(JSON.stringify(logged, (_, value: unknown) => (value instanceof Error ? value.message : value))).toContain("secret-detail");
    });

    test("a handler that throws before its first await is no different", async () => {
      await serve({
        Break: () => {
          throw new TypeError("at once");
        },
      });
      expect(await failureOf(send("Break"))).toMatchObject({ code: "INTERNAL", reason: "BUG" });
    });

    test("nobody listens: UNAVAILABLE, at once", async () => {
      const before = performance.now();
      expect(await failureOf(send("Echo"))).toMatchObject({ code: "UNAVAILABLE", reason: "NO_HANDLER" });
      expect(performance.now() - before).toBeLessThan(10_000);
    });

    test("a method that the service has not: UNIMPLEMENTED, also for names that every object has", async () => {
      await serve({ Echo: async (command) => command.request });
      expect(await failureOf(send("Missing"))).toMatchObject({ code: "UNIMPLEMENTED", reason: "UNKNOWN_METHOD" });
      expect(await failureOf(send("constructor"))).toMatchObject({ code: "UNIMPLEMENTED", reason: "UNKNOWN_METHOD" });
    });

    test("no reply in time: DEADLINE_EXCEEDED, and a late one is dropped", async () => {
      let finish = () => {};
      await serve({
        Slow: () => new Promise((resolve) => (finish = () => resolve(new Uint8Array()))),
        Echo: async (command) => command.request,
      });
      expect(await failureOf(send("Slow", commandOf("x"), 60))).toMatchObject({ code: "DEADLINE_EXCEEDED", reason: "TIMEOUT" });
      finish();
      expect(await send("Echo", commandOf("next"))).toEqual(commandOf("next").request);
    });

    test("P7: a command whose caller's time is over is not sent: DEADLINE_EXCEEDED", async () => {
      let handled = 0;
      await serve({ Count: async () => new Uint8Array((handled += 1)) });
      for (const timeoutMs of [0, -7321]) {
        expect(await failureOf(send("Count", commandOf("x"), timeoutMs))).toMatchObject({ code: "DEADLINE_EXCEEDED", reason: "TIMEOUT" });
      }
      await send("Count");
      expect(handled).toBe(1);
    });

    test("each of 500 concurrent commands gets its own reply", async () => {
      await serve({
        Echo: async (command) => {
          await new Promise((resolve) => setTimeout(resolve, Math.random() * 20));
          return command.request;
        },
      });
      const commands = Array.from({ length: 500 }, (_, index) => commandOf(`command ${index}`));
      const replies = await Promise.all(commands.map((command) => send("Echo", command)));
      expect(replies.map((reply) => Buffer.from(reply).toString())).toEqual(commands.map((_, index) => `command ${index}`));
    });

    test("two instances share the commands, each is handled once", async () => {
      const handled: string[] = [];
      const count = (instance: string) => async (command: Command) => {
        handled.push(`${instance} ${Buffer.from(command.request).toString()}`);
        return new Uint8Array();
      };
      await serve({ Count: count("one") }, 0);
      await serve({ Count: count("two") }, 1);
      await Promise.all(Array.from({ length: 100 }, (_, index) => send("Count", commandOf(String(index)))));
      expect(new Set(handled.map((line) => line.split(" ")[1])).size).toBe(100);
      expect(handled).toHaveLength(100);
      expect(new Set(handled.map((line) => line.split(" ")[0]))).toEqual(new Set(["one", "two"]));
    });

    test("closing waits for commands under way and refuses new ones", async () => {
      let finish = () => {};
      const started = Promise.withResolvers<void>();
      const serving = await serve({
        Slow: () =>
          new Promise((resolve) => {
            finish = () => resolve(Uint8Array.of(1));
            started.resolve();
          }),
      });
      const reply = send("Slow");
      await started.promise;
      let closed = false;
      const closing = serving.close().then(() => (closed = true));
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(closed).toBe(false);
      expect(await failureOf(send("Slow"))).toMatchObject({ code: "UNAVAILABLE", reason: "NO_HANDLER" });
      finish();
      expect(await reply).toEqual(Uint8Array.of(1));
      await closing;
    });
  });
}

const TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/** A command whose request is this text. */
export function commandOf(text: string): Command {
  return create(CommandSchema, { caller: { id: "agent-1" }, traceparent: TRACEPARENT, request: new TextEncoder().encode(text) });
}

/** The refusal that a send ended with. */
export async function failureOf(reply: Promise<Uint8Array>): Promise<CommandError> {
  try {
    await reply;
  } catch (error) {
    if (error instanceof CommandError) return error;
    throw error;
  }
  throw new Error("the command succeeded");
}

function recorder(lines: { level: string; fields: object }[]): Logger {
  const at = (level: string) => (fields: object) => void lines.push({ level, fields });
  const logger: Logger = { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error"), child: () => logger };
  return logger;
}
