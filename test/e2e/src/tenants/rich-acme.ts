import { randomBytes, randomUUID } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { digestOf, statusName, type ActionInput, type CountersignClient } from "@countersign/client";
import { approve, shownTo } from "@countersign/client/testing";
import { CommentKind } from "@countersign/proto/v1/action_pb";
import { ExportFormat } from "@countersign/proto/v1/export_format_pb";
import { openDatabase } from "@countersign/database";
import { DEVELOPMENT_PRINCIPALS } from "@countersign/identity";
import { starterPolicy } from "@countersign/policy";
import { until } from "@countersign/testing";
import { EXPORT } from "../scenes.ts";
import type { NamedAction, Names } from "./names.ts";
import type { Secrets } from "./secrets.ts";
import { LONER, type TwoTenants } from "./two-tenants.ts";

/** What acme has, by the names that others could get hold of. */
export type RichAcme = {
  readonly names: Names;
  /** One in each state that an action can be in, by state. */
  readonly actions: ReadonlyMap<string, NamedAction>;
};

type Acme = TwoTenants & {
  readonly secrets: Secrets;
  readonly channel: string;
  readonly agent: CountersignClient;
  readonly dataOwner: CountersignClient;
  readonly operator: CountersignClient;
};

/** Fills acme with one of everything that the API knows. */
export async function enrichAcme(tenants: TwoTenants, secrets: Secrets, channel: string): Promise<RichAcme> {
  const { stack } = tenants;
  const [agent, dataOwner] = [await stack.as("crm-agent"), await stack.as({ ...DEVELOPMENT_PRINCIPALS["data-owner"], mfa: true })];
  const acme: Acme = { ...tenants, secrets, channel, agent, dataOwner, operator: await stack.as("operator") };
  const document = await publishRevisions(acme);
  const made = await makeActions(acme);
  const people = await connectPeople(acme);
  const exportId = await exportAndReport(acme);
  const ended = made.ids["DENIED"] ?? "";
  const [event] = await eventsOf(acme, ended);
  if (event === undefined) throw new Error("there is no event");
  await failSome(acme, ended);
  const actions = new Map<string, NamedAction>();
  for (const [state, id] of Object.entries(made.ids)) actions.set(state, await namedAction(acme, id));
  const { grantToken } = await agent.actions.getAction({ actionId: made.ids["APPROVED"] ?? "" });
  for (const { id, digest, shownDigest } of actions.values()) {
    secrets.add("digest", digest);
    secrets.add("view", shownDigest);
    secrets.addIds("action", id);
  }
  secrets.add("grant", grantToken);
  secrets.addIds("of acme", [...people.ids, exportId].join(" "));
  for await (const { event: each } of acme.operator.audit.streamEvents({})) secrets.addIds(each?.type ?? "", each?.id ?? "");
  const names: Names = {
    action: [...actions.values()][0] as NamedAction,
    eventId: event.id,
    position: event.position,
    exportId,
    grantToken,
    keys: made.keys,
    input: made.input,
    document,
    revision: 6n,
    pages: await pagesOf(acme),
    ...people.names,
    channel,
    deliveryId: (await acme.operator.notifiers.listDeliveries({})).deliveries[0]?.id ?? 0n,
  };
  return { names, actions };
}

/** Six revisions, the last of them in force. */
async function publishRevisions({ stack, secrets }: Acme): Promise<string> {
  const admin = await stack.as("policy-admin");
  let document = "";
  for (let revision = 2n; revision <= 6n; revision += 1n) {
    document = `${starterPolicy().trimEnd()}

  - { name: short grants, match: { actions: [db.note.add] }, outcome: allow, grant: { lifetime: 1s }, reason: ${secrets.word("policy")} }
  - { name: short reviews, match: { actions: [db.note.hold] }, outcome: review, review: { groups: [data-owners], deadline: 1s } }
  - name: purges
    match: { actions: [db.purge] }
    outcome: review
    review: { quorum: 2 of data-owners, break_glass: { groups: [data-owners] } }
`;
    await admin.policies.publishPolicy({ document });
  }
  await admin.policies.activatePolicy({ revision: 6n });
  const { revisions } = await admin.policies.listPolicyRevisions({});
  // The first is anybody's, and the last is what others publish as well.
  for (const { documentDigest } of revisions.slice(1, -1)) secrets.add("policy", documentDigest);
  return document;
}

async function makeActions(acme: Acme) {
  const { agent, dataOwner, secrets, stack } = acme;
  const keys = { request: randomUUID(), redeem: randomUUID(), comment: randomUUID() };
  const input = (name: string): ActionInput => ({
    ...EXPORT,
    action: { name, properties: { table: secrets.word("parameter"), limit: 100, rows: 1 } },
    context: { environment: "production", justification: secrets.word("justification"), command: secrets.word("command") },
  });
  const asked = async (name = "db.export") => {
    const form = input(name);
    return { ...(await agent.requestAction(form)), form };
  };
  const vote = async (id: string, decision: Parameters<typeof dataOwner.reviews.submitVote>[0]["decision"]) =>
    dataOwner.reviews.submitVote({ ...(await shownTo(dataOwner, id)), ...(decision === undefined ? {} : { decision }) });
  const redeemed = async (idempotencyKey: string = randomUUID()) => {
    const { action, grantToken, form } = await asked("db.tag.update");
    await agent.redeem(grantToken, digestOf(action, form), { idempotencyKey });
    return action.id;
  };

  const first = input("db.export");
  const { action: inReview } = await agent.requestAction(first, { idempotencyKey: keys.request });
  const question = { actionId: inReview.id, kind: CommentKind.QUESTION, text: secrets.word("question"), idempotencyKey: keys.comment };
  await dataOwner.reviews.addComment(question);
  await dataOwner.reviews.claimReview({ actionId: inReview.id });
  await asked();

  const edited = (await asked()).action.id;
  const smaller = { table: secrets.word("edited parameter"), limit: 5, rows: 1 };
  await vote(edited, {
    case: "edit",
    value: { patch: [{ op: "replace", path: "/limit", value: { kind: { case: "numberValue", value: 5 } } }], reason: smaller.table },
  });
  const approved = (await asked()).action.id;
  await approve(dataOwner, approved, secrets.word("reason"));
  const rejected = (await asked()).action.id;
  await vote(rejected, { case: "reject", value: { reason: secrets.word("rejection") } });
  const cancelled = (await asked()).action.id;
  await agent.actions.cancelAction({ actionId: cancelled, reason: secrets.word("cancellation") });
  const revoked = (await asked("db.tag.update")).action.id;
  await agent.actions.cancelAction({ actionId: revoked });
  const [succeeded, failed] = [await redeemed(), await redeemed()];
  await agent.report(succeeded, { outcome: "succeeded", message: secrets.word("report") });
  await agent.report(failed, { outcome: "failed", message: secrets.word("report") });
  const broken = (await asked("db.purge")).action.id;
  await dataOwner.reviews.breakGlass({ ...(await shownTo(dataOwner, broken)), reason: secrets.word("emergency") });
  const erased = (await asked("db.drop")).action.id;
  await (await stack.as("privacy-officer")).actions.eraseContent({ actionId: erased, reason: secrets.word("erasure") });
  const ids: Readonly<Record<string, string>> = {
    IN_REVIEW: inReview.id,
    EDITED: edited,
    APPROVED: approved,
    DENIED: (await asked("db.drop")).action.id,
    REJECTED: rejected,
    CANCELLED: cancelled,
    REVOKED: revoked,
    REDEEMED: await redeemed(keys.redeem),
    SUCCEEDED: succeeded,
    FAILED: failed,
    EXPIRED: (await asked("db.note.hold")).action.id,
    GRANT_EXPIRED: (await asked("db.note.add")).action.id,
    "APPROVED alone": broken,
    "DENIED and erased": erased,
  };
  const wanted = Object.keys(ids).map((state) => state.split(" ")[0]);
  await until(async () => isDeepStrictEqual(await statesOf(acme, ids), wanted));
  return { ids, keys, input: first };
}

function statesOf({ operator }: Acme, ids: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const stateOf = async (actionId: string) => statusName((await operator.actions.getAction({ actionId })).action?.status ?? 0);
  return Promise.all(Object.values(ids).map(stateOf));
}

/** A delegation, an absence, a linked account, and one that is offered. */
async function connectPeople({ slack, acme, dataOwner, secrets }: Acme) {
  const [fromTime, untilTime] = [1, 2].map((hours) => timestampFromMs(Date.now() + hours * 3_600_000));
  if (fromTime === undefined || untilTime === undefined) throw new Error("there is no period");
  const { delegation } = await dataOwner.directory.createDelegation({ to: "second-data-owner", untilTime });
  await dataOwner.directory.setAway({ fromTime, untilTime });
  const account = () => ({ channel: "slack", workspace: "T0TEAM", id: `U0${randomBytes(12).toString("hex").toUpperCase()}` });
  const [linked, offered] = [account(), account()];
  for (const { id } of [linked, offered]) secrets.add("account", id);
  const linking = await offerOf(slack, linked.id);
  await dataOwner.directory.linkAccount({ code: linking, account: linked });
  const code = await offerOf(slack, offered.id);
  const delegationId = delegation?.id ?? "";
  const ids = [delegationId, ...acme.ids.values()];
  return { ids, names: { code, account: offered, linked, delegationId, person: { id: acme.ids.get(LONER) ?? "", userName: LONER } } };
}

/** The code that an account is told that decides before it is linked. */
async function offerOf(slack: Acme["slack"], id: string): Promise<string> {
  const hasButton = () => slack.messages.find(({ blocks }) => JSON.stringify(blocks).includes("countersign.approve"));
  await until(() => hasButton() !== undefined);
  const message = hasButton();
  if (message === undefined) throw new Error("nothing is shown");
  await slack.click({ id, team: "T0TEAM" }, message, "countersign.approve");
  const code = () => /countersign link (\S+)\./.exec(slack.ephemerals.find(({ user }) => user === id)?.text ?? "")?.[1];
  await until(() => code() !== undefined);
  return code() ?? "";
}

async function exportAndReport({ stack }: Acme): Promise<string> {
  const auditor = await stack.as("auditor");
  let exportId = "";
  for await (const { summary } of auditor.audit.export({ format: ExportFormat.CLOUD_EVENTS })) exportId = summary?.exportId ?? exportId;
  for await (const _ of auditor.audit.getReport({}));
  return exportId;
}

async function eventsOf({ operator }: Acme, streamId: string) {
  const found = [];
  for await (const { event } of operator.audit.streamEvents({ streamId })) if (event !== undefined) found.push(event);
  return found;
}

/** As if no attempt to tell people had worked, and a consumer had not understood the events of an action that is over. */
async function failSome({ stack, operator, secrets, channel }: Acme, ended: string): Promise<void> {
  await until(async () => {
    const { notifiers } = await operator.notifiers.listNotifiers({});
    return notifiers.find(({ name }) => name === channel)?.waiting === 0n;
  });
  const owner = openDatabase({ url: stack.databaseUrl, role: null });
  try {
    await owner.pool.query("update notifier.delivery set state = 'failed', last_error = $1", [secrets.word("delivery")]);
    await owner.pool.query(
      `insert into bus.dead_letter (consumer, ledger, position, tenant, stream_type, stream_id, event_type, error, attempts)
       select 'audit.actions', ledger, position, tenant, stream_type, stream_id, type, $1, 3 from event_log.event where stream_id = $2`,
      [secrets.word("dead letter"), ended],
    );
  } finally {
    await owner.close();
  }
}

async function namedAction({ operator }: Acme, id: string): Promise<NamedAction> {
  const { action, shownDigest } = await operator.reviews.getReview({ actionId: id });
  if (action === undefined) throw new Error(`there is no action ${id}`);
  return { id, version: action.version, digest: action.digest, shownDigest };
}

async function pagesOf({ operator, stack }: Acme): Promise<Names["pages"]> {
  const page = { pageSize: 1 };
  const { nextPageToken: actions } = await operator.actions.listActions(page);
  const { nextPageToken: reviews } = await (await stack.as("data-owner")).reviews.listReviews({ ...page, all: true });
  const { nextPageToken: revisions } = await (await stack.as("policy-admin")).policies.listPolicyRevisions(page);
  const { nextPageToken: deadLetters } = await operator.audit.listDeadLetters(page);
  const { nextPageToken: deliveries } = await operator.notifiers.listDeliveries(page);
  return { actions, reviews, revisions, deadLetters, deliveries };
}
