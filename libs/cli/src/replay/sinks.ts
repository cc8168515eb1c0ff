import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { Writable } from "node:stream";
import { connectNats, openReplayTarget } from "@countersign/bus";
import type { RecordedEvent } from "@countersign/event-log";
import { printable } from "../output.ts";
import { eventJsonLine, eventLine } from "./event-text.ts";

/** Where events go. */
export type Sink = {
  /** Resolves when there is room for more. */
  write(events: readonly RecordedEvent[]): Promise<void>;
  /** Resolves when everything written has arrived. */
  flush(): Promise<void>;
  close(): Promise<void>;
};

/** Lines on a terminal or a pipe. */
export function terminalSink(out: { write(text: string): unknown }, style: { readonly json: boolean; readonly withTenant: boolean }): Sink {
  const line = (event: RecordedEvent): string => (style.json ? printable(eventJsonLine(event)) : eventLine(event, style.withTenant));
  return {
    write: async (events) => {
      if (events.length === 0) return;
      const full = out.write(`${events.map(line).join("\n")}\n`) === false;
      if (full && out instanceof Writable) await once(out, "drain");
    },
    flush: async () => {},
    close: async () => {},
  };
}

/** JSON lines in a file, added to its end. */
export function fileSink(path: string): Sink {
  const file = createWriteStream(path, { flags: "a", flush: true });
  return {
    write: async (events) => {
      if (!file.write(`${events.map(eventJsonLine).join("\n")}\n`)) await once(file, "drain");
    },
    flush: () => new Promise((resolve, reject) => file.write("", (error) => (error instanceof Error ? reject(error) : resolve()))),
    close: () => new Promise((resolve, reject) => file.end((error?: Error | null) => (error instanceof Error ? reject(error) : resolve()))),
  };
}

/** A subject of NATS that nothing live uses. @throws LiveSubjectError */
export async function natsSink(url: string, subject: string, prefixes: readonly string[]): Promise<Sink> {
  const connection = await connectNats({ url, name: "countersign-replay" });
  try {
    const target = await openReplayTarget(connection, { subject, prefixes });
    return {
      write: async (events) => {
        for (const event of events) target.publish(event);
        await connection.flush();
      },
      flush: () => target.flush(),
      close: () => connection.drain(),
    };
  } catch (error) {
    await connection.close();
    throw error;
  }
}
