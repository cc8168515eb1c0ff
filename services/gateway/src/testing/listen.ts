/** Reads a stream to its end: what it tells, and how it ends (`OK`, or the code and the reason). */
export function listen<Message, Told>(open: (signal: AbortSignal) => AsyncIterable<Message>, tell: (message: Message) => Told) {
  const abort = new AbortController();
  const told: Told[] = [];
  const read = async (): Promise<string> => {
    for await (const message of open(abort.signal)) told.push(tell(message));
    return "OK";
  };
  const ended = read().catch(({ code, reason }: { code: string; reason: string }) => `${code} ${reason}`.trim());
  return { told, ended, abort };
}
