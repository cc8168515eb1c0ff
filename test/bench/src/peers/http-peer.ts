import { randomUUID } from "node:crypto";
import { Pool } from "undici";
import { AUTO, REVIEWED } from "../inputs.ts";
import type { Workloads } from "../workloads.ts";

/** The paths of one peer's HTTP door: which call starts an action, waits for it, approves it, uses its token. */
export type HttpDoor = {
  /** Starts an action that is allowed at once; answers with its token. */
  readonly ask: (id: string) => string;
  /** Starts an action that waits for a human; answers before that. */
  readonly askForReview: (id: string) => string;
  readonly wait: (id: string) => string;
  readonly approve: (id: string) => string;
  readonly redeem: (jti: string) => string;
};

type Answer = { readonly status?: string; readonly token?: string };

/** The two lifecycles against an HTTP peer. Proves first that reviews wait and that a second redemption is refused. */
export async function openHttpPeer(address: string, door: HttpDoor): Promise<Workloads> {
  const pool = new Pool(address, { connections: 256, pipelining: 1 });
  const call = async (method: "GET" | "POST", path: string, body?: object): Promise<Answer> => {
    const answer = await pool.request({
      method,
      path,
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
    });
    const text = await answer.body.text();
    if (answer.statusCode >= 300) throw new Error(`${method} ${path}: ${answer.statusCode} ${text}`);
    return text === "" ? {} : (JSON.parse(text) as Answer);
  };
  const redeem = async (token: string | undefined): Promise<void> => {
    if (token === undefined || token === "") throw new Error("no token where one was due");
    await call("POST", door.redeem(jtiOf(token)), { token });
  };
  const auto = async (): Promise<number> => {
    const start = performance.now();
    const { token } = await call("POST", door.ask(randomUUID()), AUTO);
    const elapsed = performance.now() - start;
    await redeem(token);
    return elapsed;
  };
  const reviewed = async (): Promise<{ readonly wholeMs: number; readonly voteMs: number; readonly token: string }> => {
    const id = randomUUID();
    const start = performance.now();
    await call("POST", door.askForReview(id), REVIEWED);
    const waiting = call("GET", door.wait(id));
    const voted = performance.now();
    const [decided] = await Promise.all([
      waiting.then((answer) => ({ ...answer, voteMs: performance.now() - voted })),
      call("POST", door.approve(id)),
    ]);
    await redeem(decided.token);
    return { wholeMs: performance.now() - start, voteMs: decided.voteMs, token: decided.token ?? "" };
  };

  const { token } = await reviewed();
  const again = await redeem(token).then(
    () => "accepted",
    () => "refused",
  );
  if (again !== "refused") throw new Error("a second redemption was accepted");
  return {
    auto,
    reviewed: async () => (await reviewed()).wholeMs,
    voteToRequester: async () => (await reviewed()).voteMs,
    close: () => void pool.close(),
  };
}

function jtiOf(token: string): string {
  const claims = JSON.parse(Buffer.from(token.split(".")[0] ?? "", "base64url").toString()) as { readonly jti: string };
  return claims.jti;
}
