import { create, toBinary, type MessageInitShape } from "@bufbuild/protobuf";
import { decodeRequest, type CommandHandler } from "@countersign/bus";
import { momentOf, NO_MOMENT } from "@countersign/event-log";
import type { Command } from "@countersign/proto/internal/v1/command_pb";
import type { At } from "@countersign/proto/v1/at_pb";
import type { Principal } from "@countersign/proto/v1/principal_pb";
import * as proto from "@countersign/proto/v1/policy_service_pb";
import { findRevision, newestRevision } from "../domain/stream-state.ts";
import type { ActivePolicies } from "../usecases/active-policies.ts";
import { activatePolicy, publishPolicy, type Change, type Changed } from "../usecases/change-policy.ts";
import { pageOfRevisions } from "../usecases/list-revisions.ts";
import type { PolicyStore, PolicyStream } from "../usecases/policy-store.ts";
import { compileText } from "./compile-text.ts";
import { documentRefusal, refusal, unknownRevision } from "./failures.ts";
import { invalid, toPrincipalRef } from "./input-from-proto.ts";
import { readPageToken, toPageToken } from "./page-token.ts";
import { activatorOf, callerOf, policyAdminOf } from "./callers.ts";
import { toRevisionMessage } from "./revision-to-proto.ts";
import type { TenantTime } from "./tenant-time.ts";
import type { UnknownReviewers } from "./unknown-reviewers.ts";

export type RevisionDeps = { readonly store: PolicyStore; readonly policies: ActivePolicies; readonly clock: () => Date };

export function publishPolicyHandler({
  store,
  clock,
  unknownReviewers,
}: RevisionDeps & { readonly unknownReviewers: UnknownReviewers }): CommandHandler {
  return async (command) => {
    const caller = policyAdminOf(command);
    const { document, validateOnly } = decodeRequest(proto.PublishPolicyRequestSchema, command.request);
    const compiled = compileText(document);
    if (!compiled.ok) throw documentRefusal(compiled.problems);
    const reply = async (revision: MessageInitShape<typeof proto.PolicyRevisionSchema>) => {
      const warnings = [...(await unknownReviewers(caller.tenant, compiled.policy.document))];
      return toBinary(proto.PublishPolicyResponseSchema, create(proto.PublishPolicyResponseSchema, { revision, warnings }));
    };
    if (validateOnly) return reply({ documentDigest: Buffer.from(store.seal(document).documentDigest, "hex") });
    const { revision, active } = settled(await publishPolicy(store, changeBy(caller, command, clock()), document));
    return reply(toRevisionMessage(revision, active, document));
  };
}

export function activatePolicyHandler({
  store,
  policies,
  clock,
  documents,
}: RevisionDeps & { readonly documents: TenantTime }): CommandHandler {
  return async (command) => {
    const caller = activatorOf(command);
    const { revision: number } = decodeRequest(proto.ActivatePolicyRequestSchema, command.request);
    const compiles = async (text: string) => documents.run(caller.tenant, () => compileText(text).ok);
    const changed = await activatePolicy(store, changeBy(caller, command, clock()), Number(number), compiles);
    const { revision, active, previous } = settled(changed, number);
    policies.activated(caller.tenant, revision.revision);
    return toBinary(
      proto.ActivatePolicyResponseSchema,
      create(proto.ActivatePolicyResponseSchema, {
        revision: toRevisionMessage(revision, active),
        previousRevision: BigInt(previous),
      }),
    );
  };
}

export function getPolicyHandler({ store }: RevisionDeps): CommandHandler {
  return async (command) => {
    const { tenant } = callerOf(command);
    const { revision: number, at } = decodeRequest(proto.GetPolicyRequestSchema, command.request);
    const { state } = await streamAt(store, tenant, at);
    const revision = findRevision(state, number === 0n ? state.active : Number(number));
    if (revision === undefined) throw unknownRevision(number === 0n ? undefined : number, newestRevision(state));
    const document = (await store.readDocument(tenant, revision)) ?? "";
    const message = toRevisionMessage(revision, revision.revision === state.active, document);
    return toBinary(proto.GetPolicyResponseSchema, create(proto.GetPolicyResponseSchema, { revision: message }));
  };
}

export function listPolicyRevisionsHandler({ store }: RevisionDeps): CommandHandler {
  return async (command) => {
    const { tenant } = callerOf(command);
    const { pageSize, pageToken, at } = decodeRequest(proto.ListPolicyRevisionsRequestSchema, command.request);
    if (pageSize < 0 || pageSize > 200) throw invalid([{ field: "page_size", description: "must be 1 to 200, or 0 for 50" }]);
    const { state } = await streamAt(store, tenant, at);
    const page = pageOfRevisions(state, pageSize, readPageToken(pageToken));
    const revisions = page.revisions.map((revision) => toRevisionMessage(revision, revision.revision === state.active));
    const response = create(proto.ListPolicyRevisionsResponseSchema, { revisions, nextPageToken: toPageToken(page.next) });
    return toBinary(proto.ListPolicyRevisionsResponseSchema, response);
  };
}

/** Now, or at the moment that was asked for. */
function streamAt(store: PolicyStore, tenant: string, at: At | undefined): Promise<PolicyStream> {
  if (at === undefined) return store.load(tenant);
  const moment = momentOf(at);
  if (moment === undefined) throw invalid([{ field: "at", description: NO_MOMENT }]);
  return store.past(tenant, moment);
}

function changeBy(caller: Principal, command: Command, now: Date): Change {
  return { tenant: caller.tenant, actor: toPrincipalRef(caller), timeMs: now.getTime(), traceparent: command.traceparent };
}

function settled(changed: Changed, asked = 0n): Extract<Changed, { ok: true }> {
  if (changed.ok) return changed;
  throw changed.code === "unknown_revision" ? unknownRevision(asked, changed.newest) : refusal(changed.code);
}
