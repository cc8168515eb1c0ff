import { create, toBinary } from "@bufbuild/protobuf";
import type { CommandHandler } from "@countersign/bus";
import * as wire from "@countersign/proto/internal/v1/directory_pb";
import type { Who } from "../../domain/resolve.ts";
import { whoCanReview, whoIs } from "../../usecases/who-is.ts";
import type { HandlerDeps } from "./deps.ts";
import { toPersonMessage } from "./messages.ts";
import { callerOf, invalid, readRequest, timeOf } from "./read-request.ts";

/** Who somebody is. */
export function resolvePersonHandler({ directories, tenants }: HandlerDeps): CommandHandler {
  return async (command) => {
    const { tenant } = callerOf(command);
    const request = readRequest(wire.ResolvePersonRequestSchema, command);
    const atMs = timeOf("time", request.time);
    const who = { ...toWho(request.who), withReports: request.withReports };
    const settings = tenants.get(tenant);
    const reply = create(wire.ResolvePersonResponseSchema, { managed: settings !== undefined });
    if (settings !== undefined) {
      const { person, reports, known, unknownSchedules } = await whoIs(directories, tenant, settings, who, atMs);
      if (person !== undefined) reply.person = toPersonMessage(person, reports);
      reply.known = known;
      reply.unknownSchedules.push(...unknownSchedules);
    }
    return toBinary(wire.ResolvePersonResponseSchema, reply);
  };
}

/** Who can be told of a review. */
export function listReviewersHandler({ directories, tenants }: HandlerDeps): CommandHandler {
  return async (command) => {
    const { tenant } = callerOf(command);
    const request = readRequest(wire.ListReviewersRequestSchema, command);
    const atMs = timeOf("time", request.time);
    const settings = tenants.get(tenant);
    const reply = create(wire.ListReviewersResponseSchema, { managed: settings !== undefined });
    if (settings !== undefined) {
      const { people, unknownSchedules, more } = await whoCanReview(directories, tenant, settings, request, atMs);
      reply.people.push(...people.map((person) => toPersonMessage(person)));
      reply.unknownSchedules.push(...unknownSchedules);
      reply.more = more;
    }
    return toBinary(wire.ListReviewersResponseSchema, reply);
  };
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
