// DBOS Transact as its documentation has it: a workflow an action, a step for the rule and one for the token, recv/send for the decision. The waiter holds the handle
// of this process, which spares it polling the database.
import { DBOS, type WorkflowHandle } from "@dbos-inc/dbos-sdk";
import fastify from "fastify";
import pg from "pg";
import { announce, mintToken, openToken, ruleFor, type Asked } from "./same-for-all.ts";

const url = process.env["DATABASE_URL"] ?? "";
const pool = new pg.Pool({ connectionString: url, max: 20 });
await pool.query("create table if not exists public.dbos_redeemed (jti text primary key, at timestamptz not null default now())");

type Decided = { readonly status: string; readonly token: string };

const action = DBOS.registerWorkflow(
  async (id: string, asked: Asked): Promise<Decided> => {
    const outcome = await DBOS.runStep(() => Promise.resolve(ruleFor(asked)), { name: "rule" });
    if (outcome === "deny") return { status: "denied", token: "" };
    if (outcome === "review" && (await DBOS.recv<string>("decision", 3600)) !== "approve") return { status: "rejected", token: "" };
    return { status: "approved", token: await DBOS.runStep(() => Promise.resolve(mintToken(id, asked)), { name: "token" }) };
  },
  { name: "action" },
);

DBOS.setConfig({ name: "peer", systemDatabaseUrl: url, logLevel: "error", runAdminServer: false });
await DBOS.launch();

const handles = new Map<string, WorkflowHandle<Decided>>();
const app = fastify();
app.post<{ Params: { id: string }; Body: Asked }>("/action/:id", async (call) => {
  const { id } = call.params;
  const handle = await DBOS.startWorkflow(action, { workflowID: id })(id, call.body);
  if (ruleFor(call.body) !== "review") return handle.getResult();
  handles.set(id, handle);
  return { status: "in_review", token: "" };
});
app.get<{ Params: { id: string } }>("/action/:id/wait", async (call) => {
  const handle = handles.get(call.params.id);
  if (handle === undefined) throw new Error("no such action");
  const decided = await handle.getResult();
  handles.delete(call.params.id);
  return decided;
});
app.post<{ Params: { id: string } }>("/action/:id/approve", async (call) => {
  await DBOS.send(call.params.id, "approve", "decision");
  return { status: "sent" };
});
app.post<{ Body: { token: string } }>("/redeem", async (call, reply) => {
  const { jti } = openToken(call.body.token);
  const done = await pool.query({
    name: "redeem",
    text: "insert into public.dbos_redeemed (jti) values ($1) on conflict do nothing",
    values: [jti],
  });
  if (done.rowCount !== 1) return reply.code(409).send({ status: "redeemed before" });
  return { status: "redeemed" };
});
announce(await app.listen({ host: "127.0.0.1", port: 0 }));
