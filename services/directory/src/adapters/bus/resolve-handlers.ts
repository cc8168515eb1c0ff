import type { CommandHandler } from "@countersign/bus";
import * as wire from "@countersign/proto/internal/v1/directory_pb";
import type { Who } from "../../domain/resolve.ts";
import { whoCanReview, whoIs } from "../../usecases/who-is.ts";
import type { HandlerDeps } from "./deps.ts";
import { handler } from "./handler.ts";
import { toPersonMessage } from "./messages.ts";
import { callerOf, invalid, timeOf } from "./read-request.ts";

/** Who somebody is. */
export function resolvePersonHandler({ directories, tenants }: HandlerDeps): CommandHandler {
  return handler(wire.ResolvePersonRequestSchema, wire.ResolvePersonResponseSchema, async ({ who, time, withReports }, command) => {
    const { tenant } = callerOf(command);
    const atMs = timeOf("time", time);
    const asked = { ...toWho(who), withReports };
    const settings = tenants.get(tenant);
    if (settings === undefined) return { managed: false };
    const { person, reports, known, unknownSchedules } = await whoIs(directories, tenant, settings, asked, atMs);
    return { managed: true, ...(person && { person: toPersonMessage(person, reports) }), known, unknownSchedules: [...unknownSchedules] };
  });
}

/** Who can be told of a review. */
export function listReviewersHandler({ directories, tenants }: HandlerDeps): CommandHandler {
  return handler(wire.ListReviewersRequestSchema, wire.ListReviewersResponseSchema, async (request, command) => {
    const { tenant } = callerOf(command);
    const atMs = timeOf("time", request.time);
    const settings = tenants.get(tenant);
    if (settings === undefined) return { managed: false };
    const { people, more, ...unknown } = await whoCanReview(directories, tenant, settings, request, atMs);
    return {
      managed: true,
      people: people.map((person) => toPersonMessage(person)),
      unknownSchedules: [...unknown.unknownSchedules],
      unknownGroups: [...unknown.unknownGroups],
      unknownPersonIds: [...unknown.unknownPersonIds],
      more,
    };
  });
}

function toWho(who: wire.ResolvePersonRequest["who"]): Who {
  switch (who.case) {
    case "principal":
      return { principal: { issuer: who.value.issuer, id: who.value.id } };
    case "account":
      return { account: { channel: who.value.channel, workspace: who.value.workspace, id: who.value.id } };
    case "personId":
      return { personId: who.value };
    case undefined:
      throw invalid("who", "is required: one of principal, account, person_id");
  }
}
