import { updateLine } from "./update-line.ts";
import { colours, plain, reviewCard } from "@countersign/review-view";
import { RetryableDeliveryError, SHOW_ONLY, type Channel } from "../../usecases/channel.ts";
import { REVIEWER_EVENTS } from "../../domain/notified-event.ts";

/** Where a terminal channel writes: `process.stdout`, a file, a pipe. */
export type TerminalOutput = {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string, done: (error?: Error | null) => void): unknown;
};

export type TerminalOptions = {
  readonly name: string;
  readonly output: TerminalOutput;
  readonly tenants: Channel["tenants"];
  /** Default: all. */
  readonly groups?: "all" | readonly string[];
  /** Default: those that reviewers care about. */
  readonly events?: Channel["events"];
  /** How the reader calls the command line client; default `countersign`. */
  readonly command?: string;
};

const WIDEST = 100;
const NARROWEST = 40;

/** Prints a card for each review that opens and a line for what becomes of it. */
export function terminalChannel(options: TerminalOptions): Channel {
  const paint = options.output.isTTY === true ? colours : plain;
  return {
    name: options.name,
    kind: "terminal",
    target: "terminal",
    capabilities: SHOW_ONLY,
    tenants: options.tenants,
    groups: options.groups ?? "all",
    events: options.events ?? REVIEWER_EVENTS,
    deliver: async (delivery) => {
      const view = delivery.render();
      const columns = Math.max(NARROWEST, Math.min(options.output.columns ?? WIDEST, WIDEST));
      const style = { paint, columns, ...(options.command === undefined ? {} : { command: options.command }) };
      await write(
        options.output,
        delivery.event.type === "ReviewOpened" ? reviewCard(view, style) : updateLine(delivery.event.type, view, style),
      );
      return {};
    },
  };
}

function write(output: TerminalOutput, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    output.write(text, (error) =>
      error ? reject(new RetryableDeliveryError("the output cannot be written to", { cause: error })) : resolve(),
    );
  });
}
