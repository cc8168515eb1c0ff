import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { CommandSchema } from "@countersign/proto/internal/v1/command_pb";
import { OfferLinkRequestSchema, OfferLinkResponseSchema } from "@countersign/proto/internal/v1/directory_pb";
import { PrincipalType } from "@countersign/proto/v1/principal_pb";
import { MANAGED, SCIM_TOKEN, type RunningBuild } from "./running-build.ts";
import { inMinutes } from "./story.ts";

/** People come, change, join and leave groups, link accounts, stand in for each other and go. */
export async function playPeople(build: RunningBuild): Promise<void> {
  const [ada, bob] = [await user(build, "ada"), await user(build, "bob")];
  const patch = (op: object) => ({ schemas: ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], Operations: [op] });
  const active = (value: boolean) => patch({ op: "replace", path: "active", value });
  await scim(build, "PATCH", `/Users/${bob}`, patch({ op: "replace", path: "displayName", value: "Bob" }));
  await scim(build, "PATCH", `/Users/${bob}`, active(false));
  await scim(build, "PATCH", `/Users/${bob}`, active(true));
  const sre = String((await scim(build, "POST", "/Groups", { displayName: "sre", members: [{ value: ada }] }))["id"]);
  await scim(build, "PATCH", `/Groups/${sre}`, patch({ op: "add", path: "members", value: [{ value: bob }] }));
  await scim(build, "PATCH", `/Groups/${sre}`, patch({ op: "replace", path: "displayName", value: "operators" }));
  const temps = String((await scim(build, "POST", "/Groups", { displayName: "temps", members: [] }))["id"]);
  await scim(build, "DELETE", `/Groups/${temps}`);
  const { directory } = await build.as({ id: "ada", type: "human", tenant: MANAGED, roles: ["reviewer"] });
  const account = { channel: "slack", workspace: "T0TEAM", id: "U0ADA" };
  await directory.linkAccount({ code: await linkCode(build, account), account });
  await directory.unlinkAccount({ account });
  const { delegation } = await directory.createDelegation({ to: "bob", untilTime: inMinutes(60) });
  await directory.revokeDelegation({ delegationId: delegation?.id ?? "" });
  await directory.setAway({ untilTime: inMinutes(60), deputy: "bob" });
}

async function user(build: RunningBuild, userName: string): Promise<string> {
  const schemas = ["urn:ietf:params:scim:schemas:core:2.0:User"];
  return String((await scim(build, "POST", "/Users", { schemas, userName, active: true }))["id"]);
}

async function scim(build: RunningBuild, method: string, path: string, body?: object): Promise<Record<string, unknown>> {
  const response = await fetch(`${build.scimUrl}${path}`, {
    method,
    headers: { authorization: `Bearer ${SCIM_TOKEN}`, "content-type": "application/scim+json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return text === "" ? {} : (JSON.parse(text) as Record<string, unknown>);
}

/** As a channel of the notifier asks for it. */
async function linkCode({ runtime }: RunningBuild, account: { channel: string; workspace: string; id: string }): Promise<string> {
  const caller = { tenant: MANAGED, type: PrincipalType.SERVICE, issuer: "countersign", id: "notifier" };
  const request = toBinary(OfferLinkRequestSchema, create(OfferLinkRequestSchema, { account, displayName: "ada", workspaceName: "team" }));
  const reply = await runtime.commands.send("directory", "OfferLink", create(CommandSchema, { caller, request }), { timeoutMs: 5000 });
  return fromBinary(OfferLinkResponseSchema, reply).code;
}
