import { randomUUID } from "node:crypto";
import { postgresLease } from "@countersign/bus";
import type { Kysely } from "kysely";

/** Shows other processes that this one lives: Postgres drops its session lock the moment its connection ends, also after `kill -9`. */
export type ProcessLock = {
  readonly name: string;
  /** @throws Error when the lock cannot be had: then nothing may be leased, since it would count as left behind. */
  ensure(): Promise<void>;
  release(): Promise<void>;
};

export function processLock<Tables>(database: Kysely<Tables>): ProcessLock {
  const name = `notifier ${randomUUID()}`;
  const lock = postgresLease(database, name);
  let acquiring: Promise<boolean> | undefined;
  return {
    name,
    ensure: async () => {
      if (lock.held()) return;
      acquiring ??= lock.tryAcquire().finally(() => {
        acquiring = undefined;
      });
      if (!(await acquiring)) throw new Error("this process cannot show that it lives");
    },
    release: () => lock.release(),
  };
}
