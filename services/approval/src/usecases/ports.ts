import type { DirectoryClient } from "@countersign/directory-client";
import type { Content, Moment } from "@countersign/event-log";
import type { JsonObject, JsonValue } from "@countersign/digest";
import type { Judgement } from "../domain/commands.ts";
import type { ActionEvent } from "../domain/events.ts";
import type { Principal, PrincipalRef } from "../domain/principal.ts";
import type { ActionState } from "../domain/state.ts";
import type { Hex, Instant, Verdict, VoteDecision } from "../domain/values.ts";

export type ActionRef = { readonly tenant: string; readonly id: string };

/** What is to be done, with nothing left out: absent properties are `{}`. Its canonical JSON is the content that an entry names. */
export type ActionInput = {
  readonly subject: { readonly type: string; readonly id: string; readonly properties: JsonObject };
  readonly action: { readonly name: string; readonly properties: JsonObject };
  readonly resource: { readonly type: string; readonly id: string; readonly properties: JsonObject };
  readonly context: JsonObject;
};

/** Contents that are not erased, by hex digest. */
export type Contents = ReadonlyMap<Hex, Content>;

/** A content that is there, with the event and the field (`VoteCast.reason`) that name it first. */
export type NamedContent = { readonly digest: Hex; readonly namedBy: string; readonly version: number; readonly bytes: number };

/** An action with what people typed and agents sent. */
export type ActionView = { readonly ref: ActionRef; readonly state: ActionState; readonly contents: Contents };

/** `certain`: the log was asked just now. Nobody is refused, and nothing is left undone, on less. */
export type Loaded = { readonly view: ActionView; readonly certain: boolean };

/** Who commands, on which trace, and for a read which version it knows of. */
export type Caller = { readonly principal: Principal; readonly traceparent: string; readonly knownVersion?: number };

export type ReplyKey = { readonly caller: string; readonly key: string };

/** A moment in an action's life, from which what was replied then can be told again. */
export type Bookmark = { readonly ref: ActionRef; readonly version: number };

/** What one decision records, in one append. */
export type Change = {
  readonly events: readonly ActionEvent[];
  readonly contents: readonly Content[];
  /** What goes, with its salts. */
  readonly erased?: readonly Hex[];
  readonly actor: PrincipalRef | undefined;
  readonly at: Instant;
  readonly traceparent: string;
  /** For retries. What is kept is a `Bookmark` to the state that this change makes, never the reply itself: that holds erasable content. */
  readonly idempotency?: ReplyKey | undefined;
};

export type Commit =
  | { readonly outcome: "appended"; readonly view: ActionView; readonly lastPosition: number }
  | { readonly outcome: "conflict" }
  | { readonly outcome: "replayed"; readonly bookmark: Bookmark }
  | { readonly outcome: "key_reused" };

/** Action streams, through a cache of what was committed. */
export type ActionStore = {
  /** From the cache when it is there. */
  load(ref: ActionRef): Promise<Loaded>;
  /** As the log has it now. */
  refresh(ref: ActionRef): Promise<ActionView>;
  /** Appends after the version that the view has. `replayed`: the key was used, for this request or another one; `key_reused`: in another ledger. */
  commit(view: ActionView, change: Change): Promise<Commit>;
  /** The action as it was then, and the position of the event that made it so. */
  asOf(bookmark: Bookmark): Promise<{ readonly view: ActionView; readonly position: number }>;
  /** The version that the action had at a moment; 0: it did not exist. */
  versionAt(ref: ActionRef, moment: Moment): Promise<number>;
  /** What is still there of what people typed and agents sent, as the log has it now; not the reasons of erasures. */
  erasable(ref: ActionRef): Promise<readonly NamedContent[]>;
  /** What was kept for this key, if it was used. */
  findReply(key: ReplyKey & { readonly tenant: string }): Promise<Extract<Commit, { outcome: "replayed" | "key_reused" }> | undefined>;
};

export type Evaluation = Pick<Judgement, "verdict" | "policyDigest">;

export type PolicyQuestion = {
  readonly requester: Principal;
  readonly input: ActionInput;
  readonly at: Instant;
  readonly traceparent: string;
};

/** What policy would say, and all of its answer, for whoever asked. */
export type Explanation = { readonly verdict: Verdict; readonly told: Uint8Array };

/** Asks policy. No answer in time, and no answer that makes sense, is undefined: fail closed. @throws CommandError DATA_LOSS when its log is corrupt */
export type PolicyClient = {
  evaluate(question: PolicyQuestion): Promise<Evaluation | undefined>;
  /** Of a request that nobody makes yet, with how every rule fared. @throws what policy refused it with. */
  explain(caller: Caller, request: Uint8Array): Promise<Explanation | undefined>;
};

export type GrantClaims = {
  readonly tenant: string;
  readonly actionId: string;
  readonly grantId: string;
  readonly digest: Hex;
  readonly principal: PrincipalRef;
  readonly issuedAt: Instant;
  readonly expiresAt: Instant;
};

export type Ballot = {
  readonly tenant: string;
  readonly actionId: string;
  readonly digest: Hex;
  readonly shownDigest: Hex;
  readonly reviewer: PrincipalRef;
  readonly decision: VoteDecision | "break_glass";
  readonly stage: number;
  readonly at: Instant;
};

/** A grant's token, and the SHA-256 that the log holds of it. */
export type Minted = { readonly token: string; readonly digest: Hex };

/** Holds the key that grants and votes are signed with. The same claims give the same token. Fails by throwing. */
export type Signer = {
  readonly keyId: string;
  mint(claims: GrantClaims): Promise<Minted>;
  signVote(ballot: Ballot): Promise<Hex>;
  /** A hash of a text that nobody without the key can compute: what it is of cannot be guessed from it. */
  fingerprint(text: string): Hex;
};

/** What reviewers are shown. */
export type Views = {
  /** Names the view that this action gives. */
  digest(view: ActionView): Hex;
  /** The same, with how long that view takes to read. */
  shown(view: ActionView): { readonly digest: Hex; readonly readingSeconds: number };
  /** Names of what is shown differently in the second. */
  changed(before: ActionView, after: ActionView): readonly string[];
};

/** One operation of a JSON Patch (RFC 6902). */
export type PatchOperation = {
  readonly op: string;
  readonly path: string;
  readonly from: string;
  readonly value: JsonValue | undefined;
};

/** What reviewers may change. */
export type Editing = {
  /** The properties after a patch; undefined when it does not apply to them. */
  patched(properties: JsonObject, patch: readonly PatchOperation[]): JsonObject | undefined;
  /** Members that changed and may not, or not to this. */
  forbidden(editable: string, before: JsonObject, after: JsonObject): readonly string[];
};

/** A command that was refused and shall leave a trace. */
export type Refusal = { readonly ref: ActionRef; readonly by: PrincipalRef; readonly at: Instant } & (
  | { readonly kind: "vote"; readonly reason: string }
  | { readonly kind: "report"; readonly outputs: { readonly recorded: Hex; readonly refused: Hex } }
);

/** Which action answers for a request that is asked for again: at most one at a time. It saves people work, and nothing rests on it. */
export type OpenRequests = {
  /** Enters this action unless another one is there, or in the place of `instead`. Returns the one that is there then. */
  hold(request: { readonly tenant: string; readonly fingerprint: Hex }, id: string, instead: string | undefined): Promise<string>;
  /** Takes an action out that was never recorded. */
  release(ref: ActionRef): Promise<void>;
};

/** How many reviews a tenant may have that wait for people. */
export type ReviewQuota = { /** Whether one more may be opened; counts it if so. */ take(tenant: string): Promise<boolean> };

/** Keeps what each principal was refused on each action, once for each reason. Never throws: what was refused stays refused. */
export type Refusals = { note(refusal: Refusal): Promise<void> };

export type Deps = {
  readonly store: ActionStore;
  readonly openRequests: OpenRequests;
  readonly reviewQuota: ReviewQuota;
  readonly refusals: Refusals;
  readonly policy: PolicyClient;
  readonly signer: Signer;
  readonly views: Views;
  readonly editing: Editing;
  /** Who people are, where a tenant keeps them there. */
  readonly directory: Pick<DirectoryClient, "resolvePerson">;
  readonly clock: () => Date;
  readonly newId: (time: Date) => string;
  readonly pause: (ms: number) => Promise<void>;
  /** How long an action may wait for policy. */
  readonly verdictWaitMs: number;
  /** How long after a redemption a report may come. */
  readonly reportWaitMs: number;
};
