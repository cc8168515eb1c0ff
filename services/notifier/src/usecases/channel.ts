import type { PrincipalName, RenderLimits, ReviewStage, ReviewView } from "@countersign/review-view";
import type { NotifiedEvent } from "../domain/notified-event.ts";

/** What a channel can do with a review. */
export type ChannelCapabilities = {
  /** Shows a review to people. Such a channel is not asked to show one that is over; without it every event is delivered. */
  readonly show: boolean;
  /** Can change what it delivered before: gets `earlierRef`. */
  readonly update: boolean;
  /** Takes approvals and rejections. */
  readonly answer: boolean;
  /** Takes changed parameters. */
  readonly edit: boolean;
  /** Puts more about a review under its message. */
  readonly thread: boolean;
};

/** Shows every event once and takes nothing back. */
export const SHOW_ONLY: ChannelCapabilities = { show: true, update: false, answer: false, edit: false, thread: false };

/** How fast a receiver takes messages. All channels, and all processes, that name the same bucket share it. */
export type RateLimit = { readonly bucket: string; readonly perSecond: number; readonly burst: number };

/** The port of a notifier that runs in this process: one configured destination. Everything about retries, order and state is done for it. */
export type Channel = {
  /** Unique and stable: delivery state belongs to it. 1 to 64 of `a-z0-9-`. */
  readonly name: string;
  /** The program behind it: `terminal`, `webhook`. */
  readonly kind: string;
  /** Changes when the channel is pointed somewhere else; never a secret. A channel that its receiver closed opens again with another target. */
  readonly target: string;
  readonly capabilities: ChannelCapabilities;
  /** The tenants it may hear of. */
  readonly tenants: "all" | readonly string[];
  /** Reviews that ask one of these groups are shown; default all. Other channels than those for people hear of everything. */
  readonly groups?: "all" | readonly string[];
  /** Each of its messages goes to one person, so it knows whom to leave alone. */
  readonly personal?: boolean;
  /** What its receiver allows; default no limit. */
  readonly limits?: readonly RateLimit[];
  /** Waits after failed attempts, in milliseconds; default: the schedule of Standard Webhooks, which is for programs. */
  readonly retryDelays?: readonly number[];
  /** The events it wants. */
  readonly events: readonly NotifiedEvent[];
  /**
   * Delivers once. Resolves when the receiver has it for sure; the same delivery never comes again then.
   * @throws RetryableDeliveryError to get it again later; TerminalDeliveryError to give it up. Any other error counts as retryable.
   */
  deliver(delivery: Delivery, signal: AbortSignal): Promise<DeliveryReceipt>;
};

/** One message for one channel. After a crash it may come again with the same `id`. */
export type Delivery = {
  /** Stable over all attempts. */
  readonly id: string;
  /** 1 for the first attempt. From 2 on the receiver may have it already: an earlier attempt ended without an answer. */
  readonly attempt: number;
  readonly tenant: string;
  readonly event: {
    /** UUIDv7 of the event: the same in the log, on JetStream and here. */
    readonly id: string;
    readonly type: NotifiedEvent;
    readonly position: number;
    readonly streamVersion: number;
    readonly time: Date;
    readonly traceparent: string;
  };
  /** What the channel returned for this action before, if it can update. */
  readonly earlierRef: string | undefined;
  /** When it was planned: nothing of it can be at the receiver from before. */
  readonly plannedAt: Date;
  /** People can still decide. */
  readonly undecided: boolean;
  /** Groups that the open stage asks. */
  readonly askedGroups: readonly string[];
  /** The open stage, with everybody it asks. */
  readonly stage: ReviewStage | undefined;
  /** What policy counted against it; undefined when it counted nothing. */
  readonly riskScore: number | undefined;
  /** For a reminder while a claim lasted: the only one to be reminded; undefined: everybody. */
  readonly claimant: PrincipalName | undefined;
  /** The parameters as JSON for a text field; undefined when there is nothing to edit. */
  editable(): string | undefined;
  /** The action as it is at this attempt: never older than the event, maybe newer. */
  render(limits?: RenderLimits): ReviewView;
};

export type DeliveryReceipt = {
  /** Names the message at the receiver, so that it can be updated. At most 512 characters. */
  readonly externalRef?: string;
};

/** Did not arrive, or it is not known whether it did: try again. */
export class RetryableDeliveryError extends Error {
  override readonly name = "RetryableDeliveryError";
  /** Not before this many milliseconds, as the receiver asked. */
  readonly delayMs: number | undefined;
  /** The receiver took nothing and takes nothing on this channel until then: no attempt was spent, and none is made. */
  readonly rateLimited: boolean;

  constructor(
    message: string,
    options: { readonly delayMs?: number | undefined; readonly rateLimited?: boolean; readonly cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.delayMs = options.delayMs;
    this.rateLimited = options.rateLimited ?? false;
  }
}

/** Trying again cannot help. */
export class TerminalDeliveryError extends Error {
  override readonly name = "TerminalDeliveryError";
  /** The receiver wants nothing from this channel any more. */
  readonly disablesChannel: boolean;

  constructor(message: string, options: { readonly disablesChannel?: boolean; readonly cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.disablesChannel = options.disablesChannel ?? false;
  }
}
