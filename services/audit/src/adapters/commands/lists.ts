import type { CommandHandler } from "@countersign/bus";
import type { ActionStatus as WireStatus } from "@countersign/proto/v1/action_pb";
import { ListActionsRequestSchema, ListActionsResponseSchema } from "@countersign/proto/v1/action_service_pb";
import { ListReviewsRequestSchema, ListReviewsResponseSchema } from "@countersign/proto/v1/review_service_pb";
import type { Kysely } from "kysely";
import { pageToken, readPageToken, type ListIdentity } from "../../paging.ts";
import type { ActionStatus } from "../../projections/actions/action-state.ts";
import { queryActions, queryReviews } from "../../projections/actions/query.ts";
import { fromWireStatus, toSummary } from "./action-summary.ts";
import { badPageToken, invalidField, pageSize, unary } from "./unary.ts";
import { asReviewer, onlyOwn } from "./viewer.ts";

/** Actions of the caller's tenant, newest first; who has no other role than requester sees its own. */
export function listActions(database: Kysely<unknown>): CommandHandler {
  return unary(ListActionsRequestSchema, ListActionsResponseSchema, async (request, caller) => {
    const limit = pageSize(request.pageSize);
    const statuses = [...new Set(request.statuses.map(knownStatus))].toSorted();
    if (request.actionName !== "" && !ACTION_NAME.test(request.actionName))
      throw invalidField("action_name", "must be a dotted name of at most 128 characters");
    const requester = onlyOwn(caller);
    const identity: ListIdentity = {
      list: "actions",
      tenant: caller.tenant,
      view: requester ?? "",
      filter: [statuses, request.actionName],
    };
    const before = cursor(identity, request.pageToken, 1)?.[0];
    // One more than asked for tells whether there is a next page.
    const found = await queryActions(database, {
      tenant: caller.tenant,
      requester,
      statuses,
      actionName: request.actionName,
      before,
      limit: limit + 1,
    });
    const page = found.slice(0, limit);
    const last = found.length > limit ? page.at(-1) : undefined;
    return { actions: page.map(toSummary), nextPageToken: last === undefined ? "" : pageToken(identity, [last.state.requestPosition]) };
  });
}

/** Actions in review, oldest deadline first: those that the caller may decide now, or with `all` every one of its tenant. */
export function listReviews(database: Kysely<unknown>): CommandHandler {
  return unary(ListReviewsRequestSchema, ListReviewsResponseSchema, async (request, caller) => {
    const limit = pageSize(request.pageSize);
    const reviewer = asReviewer(caller);
    const view = request.all ? "all" : JSON.stringify([reviewer?.key, reviewer?.groups]);
    const identity: ListIdentity = { list: "reviews", tenant: caller.tenant, view, filter: [] };
    const [deadline, position] = cursor(identity, request.pageToken, 2) ?? [];
    if (!request.all && reviewer === undefined) return { reviews: [], nextPageToken: "" };
    const found = await queryReviews(database, {
      tenant: caller.tenant,
      reviewer: request.all ? undefined : reviewer,
      after: deadline === undefined || position === undefined ? undefined : { deadline, position },
      limit: limit + 1,
    });
    const page = found.slice(0, limit);
    const last = found.length > limit ? page.at(-1) : undefined;
    return {
      reviews: page.map(toSummary),
      nextPageToken: last === undefined ? "" : pageToken(identity, [last.deadline, last.state.requestPosition]),
    };
  });
}

const ACTION_NAME = /^[\x21-\x7e]{1,128}$/;

function knownStatus(wire: WireStatus, index: number): ActionStatus {
  const status = fromWireStatus(wire);
  if (status === undefined) throw invalidField(`statuses[${index}]`, "must be a known status");
  return status;
}

function cursor(identity: ListIdentity, token: string, length: number): readonly number[] | undefined {
  if (token === "") return undefined;
  const read = readPageToken(identity, token, length);
  if (read === undefined) throw badPageToken();
  return read;
}
