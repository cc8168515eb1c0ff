// Restate as its documentation has it: a workflow keyed by the action, a durable promise for the decision, a virtual object for the single use of a token.
import { once } from "node:events";
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { createServer, type AddressInfo } from "node:net";
import * as restate from "@restatedev/restate-sdk";
import { announce, mintToken, openToken, ruleFor, type Asked } from "./same-for-all.ts";

type Decided = { readonly status: string; readonly token: string };

const action = restate.workflow({
  name: "action",
  handlers: {
    run: async (ctx: restate.WorkflowContext, asked: Asked): Promise<Decided> => {
      const outcome = await ctx.run("rule", () => ruleFor(asked));
      if (outcome === "deny") return { status: "denied", token: "" };
      if (outcome === "review" && (await ctx.promise<string>("decision")) !== "approve") return { status: "rejected", token: "" };
      return { status: "approved", token: await ctx.run("token", () => mintToken(ctx.key, asked)) };
    },
    approve: async (ctx: restate.WorkflowSharedContext): Promise<void> => {
      await ctx.promise<string>("decision").resolve("approve");
    },
  },
});

const grant = restate.object({
  name: "grant",
  handlers: {
    redeem: async (ctx: restate.ObjectContext, { token }: { token: string }): Promise<{ status: string }> => {
      if (openToken(token).jti !== ctx.key) throw new restate.TerminalError("another token", { errorCode: 400 });
      if ((await ctx.get<boolean>("redeemed")) === true) throw new restate.TerminalError("redeemed before", { errorCode: 409 });
      ctx.set("redeemed", true);
      return { status: "redeemed" };
    },
  },
});

const [ingress, admin, node] = await Promise.all([freePort(), freePort(), freePort()]);
const endpoint = restate
  .endpoint()
  .bind(action)
  .bind(grant)
  .setLogger(() => undefined);
const endpointPort = await endpoint.listen(0);
const server = spawn(
  fileURLToPath(new URL("../node_modules/.bin/restate-server", import.meta.url)),
  ["--base-dir", process.env["DATA_DIR"] ?? "", "--node-name", "bench", "--bind-address", `127.0.0.1:${node}`],
  {
    stdio: ["ignore", "ignore", "inherit"],
    env: {
      ...process.env,
      RESTATE_DISABLE_TELEMETRY: "true",
      RESTATE_LOG_FILTER: "error,octocrab=off",
      RESTATE_ADVERTISED_ADDRESS: `http://127.0.0.1:${node}`,
      RESTATE_INGRESS__BIND_ADDRESS: `127.0.0.1:${ingress}`,
      RESTATE_ADMIN__BIND_ADDRESS: `127.0.0.1:${admin}`,
    },
  },
);
process.on("exit", () => server.kill("SIGTERM"));
await until(async () => {
  const answer = await fetch(`http://127.0.0.1:${admin}/deployments`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ uri: `http://127.0.0.1:${endpointPort}` }),
  });
  return answer.ok;
});
announce(`http://127.0.0.1:${ingress}`);

async function until(done: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 150; attempt += 1) {
    if (await done().catch(() => false)) return;
    await new Promise((wake) => setTimeout(wake, 200));
  }
  throw new Error("restate-server did not come up within 30 s");
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, "close");
  return port;
}
