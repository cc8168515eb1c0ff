import { status } from "@grpc/grpc-js";
import { StartedCall, type CallEnd } from "./call.ts";
import { fromServiceError } from "./countersign-error.ts";

/** One server-streaming call: its messages as they come, read one by one as they are asked for, by one reader. */
export class StreamCall extends StartedCall {
  private message: Buffer | undefined;
  private end: CallEnd | undefined;
  private wake: (() => void) | undefined;
  private taken = false;
  private readonly ended: () => void;

  /** @param ended told once, however it ends */
  constructor(ended: () => void) {
    super();
    this.ended = ended;
  }

  /**
   * The next message; none when it ended well.
   * @throws CountersignError when it ended with anything but OK.
   */
  async next(): Promise<Buffer | undefined> {
    if (this.taken) this.read();
    this.taken = false;
    if (this.message === undefined && this.end === undefined) await new Promise<void>((resolve) => (this.wake = resolve));
    const { message, end } = this;
    this.message = undefined;
    this.taken = message !== undefined;
    if (message === undefined && end !== undefined && end.status.code !== status.OK) throw fromServiceError(end.status, end.sent);
    return message;
  }

  /** For whoever stops asking: cancels what has not ended. */
  close(): void {
    this.cancel(status.CANCELLED, "Cancelled on client");
  }

  /** For whoever has waited too long for what comes next. */
  expire(): void {
    this.cancel(status.DEADLINE_EXCEEDED, "Deadline exceeded");
  }

  override onReceiveMessage(message: Buffer): void {
    this.message = message;
    this.goOn();
  }

  protected override onEnd(end: CallEnd): void {
    this.end = end;
    this.ended();
    this.goOn();
  }

  private goOn(): void {
    const { wake } = this;
    this.wake = undefined;
    wake?.();
  }
}
