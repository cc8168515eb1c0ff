import { create } from "@bufbuild/protobuf";
import { CommandSchema } from "@countersign/proto/internal/v1/command_pb";
import { currentDeadline } from "@countersign/event-log";
import { describe, expect, it } from "vitest";
import { CommandError, type CommandBus } from "./commands.ts";
import { inProcessCommands } from "./in-process-commands.ts";
import { readStream, serveStreams, type StreamHandler } from "./streams.ts";

const command = create(CommandSchema, {});
const one = (value: number): Uint8Array => Uint8Array.of(value);

async function serving(handler: StreamHandler, options = {}): Promise<{ commands: CommandBus; close(): Promise<void> }> {
  const commands = inProcessCommands();
  const streams = await serveStreams(commands, "audit", { Count: handler }, { pageMs: 20, ...options });
  const served = await commands.serve("audit", streams.handlers);
  return {
    commands,
    close: async () => {
      await streams.close();
      await served.close();
    },
  };
}

const read = (commands: CommandBus, goOn = (): void => {}) =>
  readStream(commands, { service: "audit", method: "Count" }, command, { timeoutMs: 20_000, goOn });

describe("streams over the command port", () => {
  it("arrive whole and in order", async () => {
    const { commands, close } = await serving(async function* () {
      for (let value = 0; value < 200; value += 1) yield one(value);
    });
    const got: number[] = [];
    for await (const [value] of read(commands)) got.push(value ?? -1);
    expect(got).toEqual(Array.from({ length: 200 }, (_, value) => value));
    await close();
  });

  it("produce no more than is read", async () => {
    let produced = 0;
    const { commands, close } = await serving(async function* () {
      for (;;) {
        produced += 1;
        yield new Uint8Array(100 * 1024);
      }
    });
    const reader = read(commands);
    for (let count = 0; count < 10; count += 1) await reader.next();
    expect(produced).toBeLessThan(20);
    await close();
  });

  it("end when their reader must not go on, also while there is nothing to read", async () => {
    const { commands, close } = await serving(
      async function* (_command, signal) {
        yield one(1);
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
      },
      { pageMs: 1 },
    );
    let pages = 0;
    const reader = read(commands, () => {
      pages += 1;
      if (pages > 2) throw new CommandError("UNAUTHENTICATED", "TOKEN_EXPIRED", "no");
    });
    expect((await reader.next()).value).toEqual(one(1));
    await expect(reader.next()).rejects.toMatchObject({ reason: "TOKEN_EXPIRED" });
    await close();
  });

  it("end with the handler's error, after what came before it", async () => {
    const { commands, close } = await serving(async function* () {
      yield one(1);
      throw new CommandError("ABORTED", "LOST_RACE", "no");
    });
    const reader = read(commands);
    expect((await reader.next()).value).toEqual(one(1));
    await expect(reader.next()).rejects.toMatchObject({ code: "ABORTED", reason: "LOST_RACE" });
    await close();
  });

  it("P4: what is recorded at their end is not too late for the command that opened them", async () => {
    const deadlines: number[] = [];
    const { commands, close } = await serving(async function* () {
      deadlines.push(currentDeadline());
      yield one(1);
      deadlines.push(currentDeadline());
    });
    for await (const _ of read(commands));
    expect(deadlines).toEqual([Infinity, Infinity]);
    await close();
  });

  it.each(["goes on", "throws"])(
    "P7: a service that closes ends none as if it were whole, and it is no bug: the handler %s",
    async (then) => {
      const { commands, close } = await serving(
        async function* (_command, signal) {
          yield one(1);
          await new Promise((resolve) => signal.addEventListener("abort", resolve));
          if (then === "throws") signal.throwIfAborted();
          yield one(2);
        },
        { pageMs: 20_000 },
      );
      const reader = read(commands);
      expect((await reader.next()).value).toEqual(one(1));
      const next = reader.next();
      // It has asked for the next page.
      await new Promise(setImmediate);
      await Promise.all([expect(next).rejects.toMatchObject({ code: "UNAVAILABLE", reason: "LINK_LOST" }), close()]);
    },
  );

  it.each(["stops", "must not go on"])("are closed at the source at once when their reader %s", async (how) => {
    const gone = Promise.withResolvers<void>();
    const { commands, close } = await serving(
      async function* (_command, signal) {
        signal.addEventListener("abort", () => gone.resolve());
        yield one(1);
        await gone.promise;
      },
      { idleMs: 600_000 },
    );
    const reader = read(commands, () => {
      throw new CommandError("UNAUTHENTICATED", "TOKEN_EXPIRED", "no");
    });
    await reader.next();
    if (how === "stops") await reader.return();
    else await expect(reader.next()).rejects.toMatchObject({ reason: "TOKEN_EXPIRED" });
    await gone.promise;
    await close();
  });

  it("are closed at the source when nobody reads", async () => {
    const gone = Promise.withResolvers<void>();
    const { commands, close } = await serving(
      async function* (_command, signal) {
        signal.addEventListener("abort", () => gone.resolve());
        yield one(1);
        await gone.promise;
      },
      { idleMs: 30 },
    );
    const reader = read(commands);
    await reader.next();
    await gone.promise;
    await expect(reader.next()).rejects.toMatchObject({ code: "UNAVAILABLE", reason: "LINK_LOST" });
    await close();
  });
});
