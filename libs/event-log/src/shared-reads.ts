type Waiting<Read, Result> = {
  readonly wanted: Read;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
};

/**
 * Reads that wait for a connection at the same time go over it together, as one statement. There is no timer: a lone read goes at once, and the more
 * there are the more share a statement.
 *
 * - A read never joins a statement that was sent before: it sees all that was committed when it was asked for.
 * - A statement that fails fails the reads in it and no others. Where no connection comes, all that wait for it fail, and the next read asks for one again.
 * - As many statements are under way as `connect` gives connections, so one that takes long holds up nobody else.
 * - Nobody's deadline ends a read: whoever stops waiting changes nothing for the others.
 */
export class SharedReads<Connection, Read, Result> {
  readonly #waiting: Waiting<Read, Result>[] = [];
  readonly #connect: () => Promise<Connection>;
  readonly #send: (connection: Connection, reads: readonly Read[]) => Promise<readonly Result[]>;
  readonly #limit: number;
  /** Whether the last statement was shared. */
  #crowded = false;

  constructor(options: {
    /** Waits for one no longer than a caller would. */
    readonly connect: () => Promise<Connection>;
    /** Gives the connection back, also when it fails; has a result for each read, in their order. */
    readonly send: (connection: Connection, reads: readonly Read[]) => Promise<readonly Result[]>;
    /** Reads in one statement. */
    readonly limit: number;
  }) {
    this.#connect = options.connect;
    this.#send = options.send;
    this.#limit = options.limit;
  }

  read(wanted: Read): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ wanted, resolve, reject });
      // Whoever waits already has asked for a connection.
      if (this.#waiting.length === 1) void this.#next();
    });
  }

  async #next(): Promise<void> {
    // To the end of this turn of the event loop: what arrived together goes together. Where reads come alone, that would only cost time.
    if (this.#crowded) await new Promise(setImmediate);
    let connection: Connection;
    try {
      connection = await this.#connect();
    } catch (error) {
      refuse(this.#waiting.splice(0), error);
      return;
    }
    const together = this.#waiting.splice(0, this.#limit);
    this.#crowded = together.length > 1;
    if (this.#waiting.length > 0) void this.#next();
    try {
      const results = await this.#send(
        connection,
        together.map(({ wanted }) => wanted),
      );
      settle(together, results);
    } catch (error) {
      refuse(together, error);
    }
  }
}

function settle<Read, Result>(reads: readonly Waiting<Read, Result>[], results: readonly Result[]): void {
  for (const [index, { resolve, reject }] of reads.entries()) {
    const result = results[index];
    if (result === undefined) reject(new Error("a shared statement lost the result of a read"));
    else resolve(result);
  }
}

function refuse<Read, Result>(reads: readonly Waiting<Read, Result>[], error: unknown): void {
  for (const { reject } of reads) reject(error);
}
