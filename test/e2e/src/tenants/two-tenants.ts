import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DEVELOPMENT_PRINCIPALS, TENANT_ROLES, type DevelopmentPrincipal } from "@countersign/identity";
import { FakeSlack } from "@countersign/notifier/testing";
import { starterPolicy } from "@countersign/policy";
import { silentLogger } from "@countersign/telemetry";
import { freePort } from "@countersign/testing";
import { ManagedPeople } from "../managed-people.ts";
import { startStack, type Stack } from "../stack.ts";

/** Its name begins with acme's. */
export const OTHER = "acme-x";
/** The people of either tenant; those of the other one have the same names. */
export const PEOPLE = ["data-owner", "second-data-owner", "agent-owner"] as const;
/** Acme's alone. */
export const LONER = "loner";

/** Acme, and another tenant, whose people, groups and policy look as if they were acme's. */
export type TwoTenants = {
  readonly stack: Stack;
  readonly slack: FakeSlack;
  readonly acme: ManagedPeople;
  close(): Promise<void>;
};

/** @param secrets what only acme may know: its channel's name, and what its people are called */
export async function startTwoTenants(secrets: { readonly channel: string; readonly displayName: string }): Promise<TwoTenants> {
  const folder = mkdtempSync(join(tmpdir(), "countersign-tenants-"));
  const slack = await new FakeSlack().start();
  const [listenPort, scimPort] = [await freePort(), await freePort()];
  slack.requestUrl = `http://127.0.0.1:${listenPort}/slack/acme-slack/interactions`;
  const file = (name: string, content: object): string => {
    writeFileSync(join(folder, name), JSON.stringify(content), { mode: 0o600 });
    return join(folder, name);
  };
  const managed = (tenant: string): object => ({
    scim_tokens: [{ name: "provider", sha256: createHash("sha256").update(scimToken(tenant)).digest("hex") }],
    sign_in: [{ issuer: "urn:countersign:development", by: "userName" }],
  });
  const app = { name: "acme-slack", kind: "slack", bot_token: slack.botToken, signing_secret: slack.signingSecret, api_url: slack.apiUrl };
  const channel = { name: secrets.channel, kind: "slack", app: app.name, conversation: "C0OWNERS", tenants: ["acme"], per_second: 50 };
  const settings = {
    COUNTERSIGN_MANAGED_TENANTS: `acme,${OTHER}`,
    COUNTERSIGN_DIRECTORY_FILE: file("directory.json", { tenants: { acme: managed("acme"), [OTHER]: managed(OTHER) } }),
    COUNTERSIGN_SCIM_PORT: String(scimPort),
    COUNTERSIGN_CHANNELS_FILE: file("channels.json", { apps: [app], channels: [channel] }),
    COUNTERSIGN_NOTIFIER_LISTEN: `127.0.0.1:${listenPort}`,
  };
  const stack = await startStack(settings, silentLogger);
  const people = async (tenant: string, displayName?: string): Promise<ManagedPeople> => {
    const provider = new ManagedPeople(`http://127.0.0.1:${scimPort}/scim/v2`, scimToken(tenant));
    for (const name of PEOPLE) await provider.user(name, {}, displayName);
    await provider.group("data-owners", ["data-owner", "second-data-owner"]);
    return provider;
  };
  const acme = await people("acme", secrets.displayName);
  await acme.user(LONER, {}, secrets.displayName);
  await people(OTHER);
  const admin = await stack.as({ ...DEVELOPMENT_PRINCIPALS["policy-admin"], tenant: OTHER });
  const { revision } = await admin.policies.publishPolicy({ document: starterPolicy() });
  await admin.policies.activatePolicy({ revision: revision?.revision ?? 0n });
  return {
    stack,
    slack,
    acme,
    close: async () => {
      await stack.close();
      await slack.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const scimToken = (tenant: string): string => `scim-token-of-32-random-bytes-of-${tenant}`;

/** Who could be taken for one of acme's: the same issuer, id and groups, and every role that a tenant can give. */
export function namesake(name: "data-owner" | "crm-agent", tenant: string): DevelopmentPrincipal {
  return { ...DEVELOPMENT_PRINCIPALS[name], tenant, roles: TENANT_ROLES, mfa: true };
}
