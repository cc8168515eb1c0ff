import { status, type Channel } from "@grpc/grpc-js";
import { StartedCall, type Call, type CallEnd } from "./call.ts";

/** How it ended: `reply` holds the message when the status is OK. */
export type UnaryOutcome = CallEnd & { readonly reply: Buffer | undefined };

/** One unary call. Resolves however it ends. */
export function unaryCall(channel: Channel, call: Call): Promise<UnaryOutcome> {
  return new Promise((resolve) => new UnaryCall(resolve).start(channel, call));
}

class UnaryCall extends StartedCall {
  private reply: Buffer | undefined;
  private resolve: ((outcome: UnaryOutcome) => void) | undefined;

  constructor(resolve: (outcome: UnaryOutcome) => void) {
    super();
    this.resolve = resolve;
  }

  override onReceiveMessage(message: Buffer): void {
    if (this.reply !== undefined) this.cancel(status.UNIMPLEMENTED, "Too many responses received");
    this.reply = message;
    this.read();
  }

  protected override onEnd({ status: ended, sent }: CallEnd): void {
    const { resolve, reply } = this;
    this.resolve = this.reply = undefined;
    resolve?.({ status: ended, sent, reply });
  }
}
