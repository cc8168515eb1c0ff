/** What a report needs to know of an event. */
export type ReportEvent = {
  readonly position: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly type: string;
  /** Name of the stream's type, and its id. */
  readonly stream: { readonly type: string; readonly id: string };
  /** The action that it is about, if it is about one. */
  readonly action: string | undefined;
  /** Who caused it; empty when a timer did. Of a vote: the human. */
  readonly who: string;
  /** What is asked for, as `ActionRequested` names it. */
  readonly name?: string;
  readonly verdict?: "allow" | "deny" | "review" | undefined;
  readonly decision?: "approve" | "reject" | undefined;
  /** The vote came sooner than anybody can read. */
  readonly hasty?: boolean;
  readonly outcome?: "succeeded" | "failed" | undefined;
  readonly grant?: string;
  /** SHA-256 of an output in hex; empty when none was said. */
  readonly output?: string;
  /** The output on record, of a report that was refused. */
  readonly recordedOutput?: string;
  /** Code of a refusal. */
  readonly reason?: string;
  /** Revision, format, consumer: what the line of a report says beside who. */
  readonly detail?: string;
};
