import { createClient, digestOf, type CountersignClient } from "@countersign/client";
import { DEVELOPMENT_PRINCIPALS, type DevelopmentName } from "@countersign/identity";
import { ActionStatus } from "@countersign/proto/v1/action_pb";
import { AUTO } from "../inputs.ts";
import type { System } from "../system.ts";

/** Nothing is repeated: each call counts once. */
const ONCE = { attempts: 1, baseMs: 0, maxMs: 0 };

/** A client of somebody of a tenant. */
export async function clientOf(system: System, name: DevelopmentName, tenant?: string): Promise<CountersignClient> {
  const principal = DEVELOPMENT_PRINCIPALS[name];
  const token = await system.issuer.mint(tenant === undefined ? principal : { ...principal, tenant });
  return createClient({ address: system.address, token, retry: ONCE });
}

/** Gives another tenant the policy that the development tenant has. */
export async function copyPolicy(system: System, tenant: string): Promise<void> {
  const admin = await clientOf(system, "policy-admin");
  const other = await clientOf(system, "policy-admin", tenant);
  const { revision } = await admin.policies.getPolicy({});
  const published = await other.policies.publishPolicy({ document: revision?.document ?? "" });
  await other.policies.activatePolicy({ revision: published.revision?.revision ?? 0n });
  admin.close();
  other.close();
}

/** `decided`: false when policy did not answer in its second, so that the action waits for it. */
export type Ended = { readonly tookMs: number; readonly decided: boolean };

/** Request, verdict, grant, redemption. */
export async function autoAction(agent: CountersignClient): Promise<Ended> {
  const start = performance.now();
  const { action, grantToken } = await agent.requestAction(AUTO);
  const decided = action.status === ActionStatus.APPROVED;
  if (decided) await agent.redeem(grantToken, digestOf(action, AUTO));
  return { tookMs: performance.now() - start, decided };
}
