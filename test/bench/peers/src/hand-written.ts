// What a competent engineer makes in a day: grpc-js and Postgres, one table, one audit table, one SQL statement a step, LISTEN/NOTIFY to wake up who waits.
import { fileURLToPath } from "node:url";
import { loadPackageDefinition, Server, ServerCredentials, status, type sendUnaryData, type ServerUnaryCall } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import pg from "pg";
import { announce, mintToken, openToken, ruleFor, type Asked } from "./same-for-all.ts";

const url = process.env["DATABASE_URL"];
const pool = new pg.Pool({ connectionString: url, max: 20 });
await pool.query(`
  create schema if not exists handwritten;
  create table if not exists handwritten.action (id text primary key, status text not null, asked text not null, token text, jti text unique);
  create table if not exists handwritten.audit (n bigserial primary key, action_id text not null, what text not null, at timestamptz not null default now());
`);

const waiting = new Map<string, ((status: Status) => void)[]>();
const listener = new pg.Client({ connectionString: url });
await listener.connect();
listener.on("notification", ({ payload = "" }) => {
  const waiters = waiting.get(payload);
  if (waiters === undefined) return;
  waiting.delete(payload);
  void current(payload).then((found) => waiters.forEach((wake) => wake(found)));
});
await listener.query("listen decided");

type Status = { readonly status: string; readonly token: string };

async function request({ id, asked }: { id: string; asked: string }): Promise<Status> {
  const input = JSON.parse(asked) as Asked;
  const outcome = ruleFor(input);
  const state = { allow: "approved", review: "in_review", deny: "denied" }[outcome];
  const token = outcome === "allow" ? mintToken(id, input) : undefined;
  await pool.query({
    name: "request",
    text: `with a as (insert into handwritten.action values ($1, $2, $3, $4, $5) returning id) insert into handwritten.audit (action_id, what) select id, $6 from a`,
    values: [id, state, asked, token, token === undefined ? undefined : openToken(token).jti, `requested: ${state}`],
  });
  return { status: state, token: token ?? "" };
}

async function current(id: string): Promise<Status> {
  const { rows } = await pool.query<Status>({
    name: "current",
    text: "select status, coalesce(token, '') as token from handwritten.action where id = $1",
    values: [id],
  });
  if (rows[0] === undefined) throw new Error("no such action");
  return rows[0];
}

async function wait({ id }: { id: string }): Promise<Status> {
  const woken = new Promise<Status>((wake) => waiting.set(id, [...(waiting.get(id) ?? []), wake]));
  const found = await current(id);
  return found.status === "in_review" ? woken : found;
}

async function approve({ id }: { id: string }): Promise<Status> {
  const { rows } = await pool.query<{ asked: string }>({
    name: "asked",
    text: "select asked from handwritten.action where id = $1",
    values: [id],
  });
  const token = mintToken(id, JSON.parse(rows[0]?.asked ?? "") as Asked);
  const done = await pool.query({
    name: "approve",
    text: `with a as (update handwritten.action set status = 'approved', token = $2, jti = $3 where id = $1 and status = 'in_review' returning id),
           b as (insert into handwritten.audit (action_id, what) select id, 'approved' from a returning action_id) select pg_notify('decided', action_id) from b`,
    values: [id, token, openToken(token).jti],
  });
  if (done.rowCount !== 1) throw new Error("not in review");
  return { status: "approved", token: "" };
}

async function redeem({ token }: { token: string }): Promise<Status> {
  const { jti, sub } = openToken(token);
  const done = await pool.query({
    name: "redeem",
    text: `with a as (update handwritten.action set status = 'redeemed' where id = $1 and jti = $2 and status = 'approved' returning id)
           insert into handwritten.audit (action_id, what) select id, 'redeemed' from a`,
    values: [sub, jti],
  });
  if (done.rowCount !== 1) throw new Error("redeemed before");
  return { status: "redeemed", token: "" };
}

const unary =
  <Asking>(handle: (asking: Asking) => Promise<Status>) =>
  (call: ServerUnaryCall<Asking, Status>, reply: sendUnaryData<Status>): void => {
    handle(call.request).then(
      (answer) => reply(null, answer),
      (error: unknown) => reply({ code: status.FAILED_PRECONDITION, details: String(error) }),
    );
  };

const definition = loadPackageDefinition(loadSync(fileURLToPath(new URL("hand-written.proto", import.meta.url)))) as never as {
  readonly handwritten: { readonly Approvals: { readonly service: Parameters<Server["addService"]>[0] } };
};
const server = new Server();
server.addService(definition.handwritten.Approvals.service, {
  Request: unary(request),
  Wait: unary(wait),
  Approve: unary(approve),
  Redeem: unary(redeem),
});
server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) throw error;
  announce(`127.0.0.1:${port}`);
});
