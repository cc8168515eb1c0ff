import { status, type Channel } from "@grpc/grpc-js";
import { startCall, type Call, type CallEnd } from "./call.ts";
import { fromServiceError } from "./countersign-error.ts";

/**
 * One server-streaming call: its messages as they come, read one by one as they are asked for. Whoever stops asking cancels it.
 * @throws CountersignError when it ends with anything but OK.
 */
export async function* streamCall(channel: Channel, call: Call): AsyncGenerator<Buffer, void> {
  let message: Buffer | undefined;
  let end: CallEnd | undefined;
  let wake = (): void => {};
  const started = startCall(channel, call, {
    onMessage: (received) => {
      message = received;
      wake();
    },
    onEnd: (ended) => {
      end = ended;
      wake();
    },
  });
  try {
    for (;;) {
      if (message === undefined && end === undefined) await new Promise<void>((resolve) => (wake = resolve));
      if (message !== undefined) {
        const received = message;
        message = undefined;
        yield received;
        started.read();
      } else if (end !== undefined) {
        if (end.status.code !== status.OK) throw fromServiceError(end.status, end.sent);
        return;
      }
    }
  } finally {
    if (end === undefined) started.cancel(status.CANCELLED, "Cancelled on client");
  }
}
