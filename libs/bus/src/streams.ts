import { randomUUID } from "node:crypto";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { withinTime } from "@countersign/event-log";
import { CommandSchema, type Command } from "@countersign/proto/internal/v1/command_pb";
import { CloseStreamRequestSchema, NextPageRequestSchema, StreamPageSchema } from "@countersign/proto/internal/v1/stream_pb";
import { CommandError, type CommandBus, type CommandHandler } from "./commands.ts";
import { OpenStream } from "./open-stream.ts";

/** Answers with many messages. `signal` tells that nobody reads any more. */
export type StreamHandler = (command: Command, signal: AbortSignal) => AsyncIterable<Uint8Array>;

const NEXT_PAGE = "NextPage";
const CLOSE_STREAM = "CloseStream";

/**
 * Serves methods whose answer is a stream, over the command port: the first command opens it on one instance, and its reader pulls page after page
 * from that instance, so that what is produced waits for who reads. A stream is closed when its reader stops, or pulls nothing for `idleMs`.
 * @returns handlers to serve with the service's others.
 */
export async function serveStreams(
  commands: CommandBus,
  service: string,
  streams: Readonly<Record<string, StreamHandler>>,
  { idleMs = 30_000, pageMs = 500 }: { readonly idleMs?: number; readonly pageMs?: number } = {},
): Promise<{ readonly handlers: Readonly<Record<string, CommandHandler>>; close(): Promise<void> }> {
  const instance = `${service}-${randomUUID()}`;
  const open = new Map<string, OpenStream>();
  const page = async (id: string, stream: OpenStream): Promise<Uint8Array> => {
    try {
      const { messages, ended } = await stream.take(pageMs);
      if (ended) open.delete(id);
      return toBinary(
        StreamPageSchema,
        create(StreamPageSchema, { messages: [...messages], ...(ended ? {} : { instance, streamId: id }) }),
      );
    } catch (error) {
      open.delete(id);
      throw error;
    }
  };
  const served = await commands.serve(instance, {
    [NEXT_PAGE]: async (command) => {
      const { streamId } = fromBinary(NextPageRequestSchema, command.request);
      const stream = open.get(streamId);
      if (stream === undefined) throw new CommandError("UNAVAILABLE", "LINK_LOST", "the stream was closed, as nobody read it");
      return page(streamId, stream);
    },
    [CLOSE_STREAM]: async (command) => {
      const { streamId } = fromBinary(CloseStreamRequestSchema, command.request);
      open.get(streamId)?.close();
      open.delete(streamId);
      return new Uint8Array();
    },
  });
  const opener =
    (handler: StreamHandler): CommandHandler =>
    async (command) => {
      const id = randomUUID();
      const source = (signal: AbortSignal) => handler(command, signal);
      // It goes on for as long as somebody pulls, whatever the time of the command that opens it.
      const stream = withinTime(Infinity, () => new OpenStream(source, idleMs, () => open.delete(id)));
      open.set(id, stream);
      return page(id, stream);
    };
  return {
    handlers: Object.fromEntries(Object.entries(streams).map(([method, handler]) => [method, opener(handler)])),
    close: async () => {
      for (const stream of open.values()) stream.close();
      await served.close();
    },
  };
}

/**
 * Reads a stream that `serveStreams` serves.
 * @param options.goOn asked before each further page; what it throws ends the reading.
 * @throws CommandError as the handler does; UNAVAILABLE when its instance is gone.
 */
export async function* readStream(
  commands: Pick<CommandBus, "send">,
  to: { readonly service: string; readonly method: string },
  command: Command,
  { timeoutMs, goOn }: { /** Of each page. */ readonly timeoutMs: number; readonly goOn?: () => void },
): AsyncGenerator<Uint8Array, void, undefined> {
  let page = fromBinary(StreamPageSchema, await commands.send(to.service, to.method, command, { timeoutMs }));
  const ask = (method: string, request: Uint8Array): Promise<Uint8Array> =>
    commands.send(page.instance, method, create(CommandSchema, { traceparent: command.traceparent, request }), { timeoutMs });
  try {
    for (;;) {
      yield* page.messages;
      if (page.instance === "") return;
      goOn?.();
      const { streamId } = page;
      page = fromBinary(
        StreamPageSchema,
        await ask(NEXT_PAGE, toBinary(NextPageRequestSchema, create(NextPageRequestSchema, { streamId }))),
      );
    }
  } finally {
    // What nobody reads is work for nobody. Where it is not heard, the stream closes when it has idled.
    const { instance, streamId } = page;
    if (instance !== "")
      ask(CLOSE_STREAM, toBinary(CloseStreamRequestSchema, create(CloseStreamRequestSchema, { streamId }))).catch(() => {});
  }
}
