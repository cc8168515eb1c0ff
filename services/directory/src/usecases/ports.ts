import type { DirectoryEvent } from "../domain/events.ts";
import type { Account } from "../domain/profile.ts";

/** An event as the stream holds it. */
export type StoredEvent = { readonly version: number; readonly position: number; readonly atMs: number; readonly event: DirectoryEvent };

export type Actor = { readonly issuer: string; readonly id: string };

/** Who changes the directory, and when. */
export type ChangedBy = { readonly actor: Actor; readonly atMs: number; readonly traceparent: string };

/** The directory stream of a tenant. */
export type DirectoryStore = {
  /** What came after a version, oldest first. @throws DirectoryStoreError */
  read(tenant: string, afterVersion: number): Promise<readonly StoredEvent[]>;
  /** Appends, and says what was appended; undefined when somebody else appended first. @throws DirectoryStoreError; then the outcome is not known. */
  append(
    tenant: string,
    expectedVersion: number,
    events: readonly DirectoryEvent[],
    by: ChangedBy,
  ): Promise<readonly StoredEvent[] | undefined>;
  /** Profiles of a person that are kept, removed or not, as of a version of the directory. @throws DirectoryStoreError */
  profilesOf(tenant: string, personId: string): Promise<KeptProfiles>;
};

/** `known`: the stream has heard of the person. */
export type KeptProfiles = { readonly version: number; readonly known: boolean; readonly profiles: readonly KeptProfile[] };

export type KeptProfile = { readonly digest: string; readonly namedBy: string; readonly version: number; readonly bytes: number };

/** `unreachable`: the log does not answer, try again; `unreadable`: what is stored cannot be trusted or understood by this build. */
export class DirectoryStoreError extends Error {
  override readonly name = "DirectoryStoreError";
  readonly code: "unreachable" | "unreadable";

  constructor(code: "unreachable" | "unreadable", message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Somebody on call, as the keeper of the schedule names it. */
export type OnCallName = { readonly userName: string } | { readonly account: Account };

export type OnCallNow = {
  readonly shifts: ReadonlyMap<string, readonly OnCallName[]>;
  /** Schedules that cannot be read now. */
  readonly unknown: readonly string[];
};

/** Who is on call in a tenant's schedules. */
export type OnCallSource = {
  /** Never throws: a schedule that cannot be read is unknown, and nobody is on call in it. */
  at(atMs: number): Promise<OnCallNow>;
};
