import { sql, type Kysely } from "kysely";

/** The right to do a job that only one instance should do at a time. It saves work; what keeps data right is the fence that each job has besides. */
export type Lease = {
  /** True when this instance has the job now. Never waits for the other holder. */
  tryAcquire(): Promise<boolean>;
  /** False as soon as it is known to be lost. */
  held(): boolean;
  release(): Promise<void>;
};

/** For deployments in which nobody else could do the job. */
export const soleLease: Lease = { tryAcquire: async () => true, held: () => true, release: async () => {} };

/**
 * A lease that is a session advisory lock: Postgres gives it up the moment the holder's connection ends. All leases on one database share
 * one connection of the pool. Needs real sessions: not through a pooler that hands out transactions.
 */
export function postgresLease<Tables>(database: Kysely<Tables>, name: string): Lease {
  const session = sessionOf(database);
  let term: number | undefined;
  return {
    async tryAcquire() {
      if (term === undefined || !session.holds(name, term)) term = await session.tryAcquire(name);
      return term !== undefined;
    },
    held: () => term !== undefined && session.holds(name, term),
    async release() {
      if (term !== undefined) await session.release(name, term);
      term = undefined;
    },
  };
}

const sessions = new WeakMap<object, LeaseSession>();

function sessionOf<Tables>(database: Kysely<Tables>): LeaseSession {
  let session = sessions.get(database);
  if (session === undefined) {
    session = new LeaseSession(() => reserve(database));
    sessions.set(database, session);
  }
  return session;
}

/** One connection kept out of the pool. */
type Reserved = { query(lock: "lock" | "unlock" | "beat", name: string): Promise<boolean>; giveBack(): void };

/** The leases that one connection holds. When it breaks, all are gone at once. */
class LeaseSession {
  readonly #open: () => Promise<Reserved>;
  readonly #held = new Map<string, number>();
  #reserved: Reserved | undefined;
  #lastTerm = 0;
  #heartbeat: NodeJS.Timeout | undefined;
  #beating = false;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(open: () => Promise<Reserved>) {
    this.#open = open;
  }

  holds(name: string, term: number): boolean {
    return this.#held.get(name) === term;
  }

  /** The term of the new lease, or undefined when another session, or another user of this one, has it. */
  tryAcquire(name: string): Promise<number | undefined> {
    return this.#inTurn(async (reserved) => {
      // Postgres would let its own session in a second time.
      if (this.#held.has(name) || !(await reserved.query("lock", name))) return undefined;
      this.#lastTerm += 1;
      this.#held.set(name, this.#lastTerm);
      return this.#lastTerm;
    });
  }

  async release(name: string, term: number): Promise<void> {
    if (!this.holds(name, term)) return;
    // A lost connection has released it already.
    await this.#inTurn(async (reserved) => {
      if (!this.holds(name, term)) return;
      await reserved.query("unlock", name);
      this.#held.delete(name);
    }).catch(() => {});
  }

  /** One query at a time; any failure counts as loss of the connection, and so of everything held. */
  #inTurn<Result>(work: (reserved: Reserved) => Promise<Result>): Promise<Result> {
    const result = this.#queue.then(async () => {
      try {
        this.#reserved ??= await this.#open();
        const outcome = await work(this.#reserved);
        if (this.#held.size === 0) this.#close();
        else this.#heartbeat ??= setInterval(() => void this.#beat(), HEARTBEAT_MS);
        return outcome;
      } catch (error) {
        this.#held.clear();
        this.#close();
        throw error;
      }
    });
    this.#queue = result.catch(() => {});
    return result;
  }

  /** One at a time: while the server is silent they would pile up, and each would then open a connection, before whoever wants a lease. */
  async #beat(): Promise<void> {
    if (this.#beating) return;
    this.#beating = true;
    await this.#inTurn((reserved) => reserved.query("beat", "")).catch(() => {});
    this.#beating = false;
  }

  #close(): void {
    clearInterval(this.#heartbeat);
    this.#heartbeat = undefined;
    this.#reserved?.giveBack();
    this.#reserved = undefined;
  }
}

async function reserve<Tables>(database: Kysely<Tables>): Promise<Reserved> {
  const opened = Promise.withResolvers<Kysely<Tables>>();
  const done = Promise.withResolvers<void>();
  const reservation = database.connection().execute(async (connection) => {
    opened.resolve(connection);
    await done.promise;
    // A query that was refused or cancelled leaves its session alive, and whoever is given it next would hold the locks without knowing.
    await sql`select pg_advisory_unlock_all()`.execute(connection);
  });
  reservation.catch(opened.reject);
  const connection = await opened.promise;
  return {
    async query(what, name) {
      const { rows } = await QUERIES[what](name).execute(connection);
      return rows[0]?.ok === true;
    },
    giveBack: done.resolve,
  };
}

const QUERIES = {
  lock: (name: string) => sql<{ ok: boolean }>`select pg_try_advisory_lock(hashtextextended(${name}, 0)) as ok`,
  unlock: (name: string) => sql<{ ok: boolean }>`select pg_advisory_unlock(hashtextextended(${name}, 0)) as ok`,
  beat: () => sql<{ ok: boolean }>`select true as ok`,
};

const HEARTBEAT_MS = 400;
