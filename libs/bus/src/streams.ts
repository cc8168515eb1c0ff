import { randomUUID } from "node:crypto";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { withinTime } from "@countersign/event-log";
import { CommandSchema, type Command } from "@countersign/proto/internal/v1/command_pb";
import { NextPageRequestSchema, StreamPageSchema } from "@countersign/proto/internal/v1/stream_pb";
import { CommandError, type CommandBus, type CommandHandler } from "./commands.ts";
import { OpenStream } from "./open-stream.ts";

/** Answers with many messages. `signal` tells that nobody reads any more. */
export type StreamHandler = (command: Command, signal: AbortSignal) => AsyncIterable<Uint8Array>;

const NEXT_PAGE = "NextPage";

/**
 * Serves methods whose answer is a stream, over the command port: the first command opens it on one instance, and its reader pulls page after page
 * from that instance, so that what is produced waits for who reads. A stream that nobody pulls for `idleMs` is closed.
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
  for (;;) {
    yield* page.messages;
    if (page.instance === "") return;
    goOn?.();
    const request = toBinary(NextPageRequestSchema, create(NextPageRequestSchema, { streamId: page.streamId }));
    const next = create(CommandSchema, { traceparent: command.traceparent, request });
    page = fromBinary(StreamPageSchema, await commands.send(page.instance, NEXT_PAGE, next, { timeoutMs }));
  }
}
