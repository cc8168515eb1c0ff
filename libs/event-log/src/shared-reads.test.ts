import { describe, expect, it } from "vitest";
import { SharedReads } from "./shared-reads.ts";

/** Statements that end when the test says so, over as many connections. Each answers what was committed when it was sent. */
function slowStatements({ connections = 1, limit = 64 } = {}) {
  const log = { committed: 0, refusal: undefined as Error | undefined };
  const statements: { readonly reads: readonly string[]; readonly end: (error?: Error) => void }[] = [];
  const queue: (() => void)[] = [];
  let idle = connections;
  const giveBack = (): void => {
    const next = queue.shift();
    if (next === undefined) idle += 1;
    else next();
  };
  const shared = new SharedReads<"connection", string, string>({
    connect: async () => {
      if (log.refusal !== undefined) throw log.refusal;
      if (idle === 0) await new Promise<void>((resolve) => queue.push(resolve));
      else idle -= 1;
      return "connection";
    },
    send: (_connection, reads) => {
      const answers = reads.map((read) => `${read} at ${log.committed}`);
      return new Promise<readonly string[]>((resolve, reject) => {
        statements.push({ reads, end: (error) => (error === undefined ? resolve(answers) : reject(error)) });
      }).finally(giveBack);
    },
    limit,
  });
  return { log, shared, statements, sent: () => statements.map(({ reads }) => reads.join("")) };
}

/** All that is ready to happen has happened. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
}

describe("shared reads", () => {
  it("of one turn share a statement, and each gets its own", async () => {
    const { shared, statements, sent } = slowStatements();
    const reads = ["a", "b", "c"].map((read) => shared.read(read));
    await settled();
    expect(sent()).toEqual(["abc"]);
    statements[0]?.end();
    expect(await Promise.all(reads)).toEqual(["a at 0", "b at 0", "c at 0"]);
  });

  it("gather while every connection is taken, and go when the first comes back", async () => {
    const { shared, statements, sent } = slowStatements({ connections: 2 });
    for (const read of "abcd") {
      void shared.read(read);
      await settled();
    }
    expect(sent()).toEqual(["a", "b"]);
    statements[1]?.end();
    await settled();
    expect(sent()).toEqual(["a", "b", "cd"]);
  });

  it("P4: see what was committed before they were asked for, whatever was sent before", async () => {
    const { log, shared, statements, sent } = slowStatements();
    const early = shared.read("a");
    await settled();
    log.committed = 1;
    const late = shared.read("a");
    await settled();
    expect(sent()).toEqual(["a"]);
    statements[0]?.end();
    await settled();
    statements[1]?.end();
    expect(await Promise.all([early, late])).toEqual(["a at 0", "a at 1"]);
  });

  it("fail with their statement, and with no other", async () => {
    const { shared, statements } = slowStatements();
    const failing = Promise.allSettled([shared.read("a"), shared.read("b")]);
    await settled();
    const other = shared.read("c");
    statements[0]?.end(new Error("broken"));
    expect(await failing).toMatchObject([{ reason: { message: "broken" } }, { reason: { message: "broken" } }]);
    await settled();
    statements[1]?.end();
    expect(await other).toBe("c at 0");
  });

  it("P7: are all told when no connection comes, and the next asks for one again", async () => {
    const { log, shared, statements } = slowStatements();
    log.refusal = new Error("out of reach");
    const refused = await Promise.allSettled([shared.read("a"), shared.read("b")]);
    expect(refused.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    log.refusal = undefined;
    const next = shared.read("c");
    await settled();
    statements[0]?.end();
    expect(await next).toBe("c at 0");
  });

  it("are so many in one statement at most; the others take the next connection", async () => {
    const { shared, statements, sent } = slowStatements({ connections: 2, limit: 2 });
    const reads = ["a", "b", "c", "d", "e"].map((read) => shared.read(read));
    await settled();
    expect(sent()).toEqual(["ab", "cd"]);
    statements[0]?.end();
    await settled();
    expect(sent()).toEqual(["ab", "cd", "e"]);
    for (const { end } of statements) end();
    expect(await Promise.all(reads)).toHaveLength(5);
  });

  it("of which the statement has lost one end with an error, not with another's answer", async () => {
    const shared = new SharedReads({ connect: async () => "connection", send: async () => ["only"], limit: 2 });
    const [first, second] = await Promise.allSettled([shared.read("a"), shared.read("b")]);
    expect([first.status, second.status]).toEqual(["fulfilled", "rejected"]);
  });
});
