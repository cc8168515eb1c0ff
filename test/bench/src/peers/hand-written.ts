import { randomUUID } from "node:crypto";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { credentials, loadPackageDefinition, type ServiceError } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { AUTO, REVIEWED } from "../inputs.ts";
import type { Workloads } from "../workloads.ts";

type Answer = { readonly status: string; readonly token: string };
type Call<Asking> = (asking: Asking, done: (error: ServiceError | null, answer?: Answer) => void) => void;
type Stub = {
  readonly Request: Call<{ id: string; asked: string }>;
  readonly Wait: Call<{ id: string }>;
  readonly Approve: Call<{ id: string }>;
  readonly Redeem: Call<{ token: string }>;
  close(): void;
};
type Loaded = {
  readonly handwritten: { readonly Approvals: new (address: string, channel: object) => Stub };
};

const PROTO = fileURLToPath(new URL("../../peers/src/hand-written.proto", import.meta.url));

/** The two lifecycles against the hand-written service, over one channel, as ours. Proves first that a second redemption is refused. */
export async function openHandWritten(address: string): Promise<Workloads> {
  const { handwritten } = loadPackageDefinition(loadSync(PROTO)) as never as Loaded;
  const stub = new handwritten.Approvals(address, credentials.createInsecure());
  const call = async <Name extends "Request" | "Wait" | "Approve" | "Redeem">(
    name: Name,
    asking: Parameters<Stub[Name]>[0],
  ): Promise<Answer> => {
    const answer = await promisify((stub[name] as Call<typeof asking>).bind(stub))(asking);
    if (answer === undefined) throw new Error(`${name} answered nothing`);
    return answer;
  };

  const auto = async (): Promise<number> => {
    const start = performance.now();
    const { status, token } = await call("Request", { id: randomUUID(), asked: JSON.stringify(AUTO) });
    const elapsed = performance.now() - start;
    if (status !== "approved") throw new Error(`status ${status} where approved was due`);
    await call("Redeem", { token });
    return elapsed;
  };
  const reviewed = async (): Promise<{ readonly wholeMs: number; readonly voteMs: number; readonly token: string }> => {
    const id = randomUUID();
    const start = performance.now();
    const { status } = await call("Request", { id, asked: JSON.stringify(REVIEWED) });
    if (status !== "in_review") throw new Error(`status ${status} where in_review was due`);
    const waiting = call("Wait", { id });
    const voted = performance.now();
    const [decided] = await Promise.all([
      waiting.then((answer) => ({ ...answer, voteMs: performance.now() - voted })),
      call("Approve", { id }),
    ]);
    await call("Redeem", { token: decided.token });
    return { wholeMs: performance.now() - start, voteMs: decided.voteMs, token: decided.token };
  };

  const { token } = await reviewed();
  const again = await call("Redeem", { token }).then(
    () => "accepted",
    () => "refused",
  );
  if (again !== "refused") throw new Error("a second redemption was accepted");
  return {
    auto,
    reviewed: async () => (await reviewed()).wholeMs,
    voteToRequester: async () => (await reviewed()).voteMs,
    close: () => stub.close(),
  };
}
