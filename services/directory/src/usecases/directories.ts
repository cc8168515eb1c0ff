import { until, type Moment } from "@countersign/event-log";
import type { Decided, Rejection } from "../domain/decided.ts";
import { Directory } from "../domain/directory.ts";
import { evolve } from "../domain/evolve.ts";
import { overQuota, takesAway, type DirectoryQuota } from "../domain/quota.ts";
import { DirectoryStoreError, type ChangedBy, type DirectoryStore, type StoredEvent } from "./ports.ts";

/** Somebody else appends between load and append only so often: instances are few, and each lines up its own. */
const ATTEMPTS = 16;

/** `limit`: of a quota, how many there may be; what takes somebody out was recorded all the same, and nothing else. */
export type Refused = { readonly ok: false; readonly code: Rejection | "lost_race"; readonly limit?: number };

export type Changed = { readonly ok: true; readonly directory: Directory } | Refused;

/** The directories of tenants, folded in memory and never behind. */
export type Directories = {
  /**
   * The directory with every change in it that was acknowledged before this call, by whichever instance. Read it before the next `await`: it
   * moves on. @throws DirectoryStoreError
   */
  current(tenant: string): Promise<Directory>;
  /** The directory as it was at a moment, and when it had last changed by then. @throws DirectoryStoreError */
  past(tenant: string, moment: Moment): Promise<{ readonly directory: Directory; readonly changedAtMs: number }>;
  /** Decides on the directory as it is and records that; again when somebody else was faster. @throws DirectoryStoreError */
  change(tenant: string, by: ChangedBy, decide: (directory: Directory) => Decided): Promise<Changed>;
  /** When the directory last changed; undefined: never. @throws DirectoryStoreError */
  changedAt(tenant: string): Promise<number | undefined>;
  /** The log is another one, or an older one: nothing that was read of it counts. */
  forgetAll(): void;
};

/** @param quotaOf what each tenant may have at most. */
export function createDirectories(store: DirectoryStore, quotaOf: (tenant: string) => DirectoryQuota): Directories {
  const kept = new Map<string, KeptDirectory>();
  const of = (tenant: string): KeptDirectory => {
    const directory = kept.get(tenant) ?? new KeptDirectory(store, tenant, quotaOf(tenant));
    kept.set(tenant, directory);
    return directory;
  };
  return {
    current: (tenant) => of(tenant).current(),
    past: async (tenant, moment) => {
      const stored = (await store.read(tenant, 0)).map((event) => ({ ...event, time: new Date(event.atMs) }));
      const directory = new Directory();
      const events = until(stored, moment);
      for (const { event, atMs } of events) evolve(directory, event, atMs);
      return { directory, changedAtMs: events.at(-1)?.atMs ?? 0 };
    },
    change: (tenant, by, decide) => of(tenant).change(by, decide),
    changedAt: (tenant) => of(tenant).changedAt(),
    forgetAll: () => kept.forEach((directory) => directory.forget()),
  };
}

class KeptDirectory {
  readonly #store: DirectoryStore;
  readonly #tenant: string;
  readonly #quota: DirectoryQuota;
  #directory = new Directory();
  #changedAtMs: number | undefined;
  #reading: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #lastChange: Promise<unknown> = Promise.resolve();

  constructor(store: DirectoryStore, tenant: string, quota: DirectoryQuota) {
    this.#store = store;
    this.#tenant = tenant;
    this.#quota = quota;
  }

  async current(): Promise<Directory> {
    await this.#catchUp();
    return this.#directory;
  }

  async changedAt(): Promise<number | undefined> {
    await this.#catchUp();
    return this.#changedAtMs;
  }

  forget(): void {
    this.#directory = new Directory();
    this.#changedAtMs = undefined;
  }

  /** One after the other: changes of one instance never lose to each other. */
  change(by: ChangedBy, decide: (directory: Directory) => Decided): Promise<Changed> {
    const changed = this.#lastChange.then(() => this.#change(by, decide));
    this.#lastChange = changed.catch(() => {});
    return changed;
  }

  async #change(by: ChangedBy, decide: (directory: Directory) => Decided): Promise<Changed> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const directory = await this.current();
      const decided = decide(directory);
      if ("rejection" in decided) return { ok: false, code: decided.rejection };
      if (decided.events.length === 0) return { ok: true, directory };
      const over = overQuota(directory, decided.events, this.#quota, by.atMs);
      // P3: who leaves has left, whatever else was asked for with it.
      const events = over === undefined ? decided.events : decided.events.filter(takesAway);
      const stored = events.length === 0 ? [] : await this.#store.append(this.#tenant, directory.version, events, by);
      if (stored === undefined) continue;
      const same = directory === this.#directory;
      if (same) this.#take(stored);
      if (over !== undefined) return { ok: false, code: over.rejection, limit: over.limit };
      return { ok: true, directory: same ? directory : await this.current() };
    }
    return { ok: false, code: "lost_race" };
  }

  /**
   * Reads what the log has beyond what is folded. A read that was sent before this call may have missed what it must see: so whoever comes
   * while one is under way waits for the next, and all who wait share it.
   */
  #catchUp(): Promise<void> {
    if (this.#reading === undefined) return this.#read();
    this.#next ??= this.#reading.then(
      () => this.#read(),
      () => this.#read(),
    );
    return this.#next;
  }

  #read(): Promise<void> {
    this.#next = undefined;
    this.#reading = this.#readOn().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #readOn(): Promise<void> {
    for (;;) {
      const directory = this.#directory;
      const stored = await this.#store.read(this.#tenant, directory.version);
      // Forgotten meanwhile: this goes on from what was known before.
      if (directory !== this.#directory) continue;
      this.#take(stored);
      return;
    }
  }

  #take(stored: readonly StoredEvent[]): void {
    for (const { version, atMs, event } of stored) {
      // The same events may come twice: from an append here, and from a read that was under way.
      if (version <= this.#directory.version) continue;
      if (version !== this.#directory.version + 1) {
        throw new DirectoryStoreError("unreadable", `the directory of ${this.#tenant} has a gap before version ${version}`);
      }
      evolve(this.#directory, event, atMs);
      this.#changedAtMs = atMs;
    }
  }
}
