import { CommandError, type CommandHandler } from "@countersign/bus";
import type { DirectoryClient } from "@countersign/directory-client";
import type { EventReader, Moment } from "@countersign/event-log";
import type { ActionStatus as WireStatus } from "@countersign/proto/v1/action_pb";
import { ListActionsRequestSchema, ListActionsResponseSchema } from "@countersign/proto/v1/action_service_pb";
import { ClaimFilter, ListReviewsRequestSchema, ListReviewsResponseSchema } from "@countersign/proto/v1/review_service_pb";
import type { Principal } from "@countersign/proto/v1/principal_pb";
import type { At } from "@countersign/proto/v1/at_pb";
import { pageToken, readPageToken, type ListIdentity } from "../../paging.ts";
import { openReview, waitsForPeople, type ActionStatus } from "../../projections/actions/action-state.ts";
import { principalKey } from "../../projections/actions/principal-key.ts";
import { mayDecide } from "../../projections/actions/who-may-decide.ts";
import { readAt } from "./moment.ts";
import { pastActions, type PastParts } from "./past-actions.ts";
import { queryActions, queryReviews, type ListedAction, type ReviewQuery } from "../../projections/actions/query.ts";
import { fromWireStatus, toSummary } from "./action-summary.ts";
import { placesOf } from "./places.ts";
import { badPageToken, invalidField, pageSize, unary } from "./unary.ts";
import { canReview, onlyOwn } from "./viewer.ts";

/** Actions of the caller's tenant, newest first; who has no other role than requester sees its own. */
export function listActions(parts: PastParts): CommandHandler {
  const { database } = parts;
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
      filter: [statuses, request.actionName, ...atFilter(request.at)],
    };
    const before = cursor(identity, request.pageToken, 1)?.[0];
    const query = { tenant: caller.tenant, requester, statuses, actionName: request.actionName, before, limit };
    if (request.at !== undefined) {
      const past = await pastActions(parts, query, readAt(request.at), LOOKS);
      return { actions: past.actions.map(toSummary), nextPageToken: past.before === undefined ? "" : pageToken(identity, [past.before]) };
    }
    const { page, last } = pageOf(await queryActions(database, { ...query, limit: limit + 1 }), limit);
    return { actions: page.map(toSummary), nextPageToken: last === undefined ? "" : pageToken(identity, [last.state.requestPosition]) };
  });
}

type ReviewParts = PastParts & { readonly directory: Pick<DirectoryClient, "resolvePerson">; readonly clock: () => Date };

/** Actions in review, oldest deadline first: those that the caller may decide now, or with `all` every one of its tenant. */
export function listReviews(parts: ReviewParts): CommandHandler {
  const { database, log, directory, clock } = parts;
  return unary(ListReviewsRequestSchema, ListReviewsResponseSchema, async (request, caller) => {
    const limit = pageSize(request.pageSize);
    const view = request.all ? "all" : principalKey(caller);
    const identity: ListIdentity = { list: "reviews", tenant: caller.tenant, view, filter: [request.claim] };
    const [deadline, position] = cursor(identity, request.pageToken, 2) ?? [];
    if (!request.all && !canReview(caller)) return { reviews: [], nextPageToken: "" };
    if (request.at !== undefined) {
      if (request.claim !== ClaimFilter.UNSPECIFIED) throw invalidField("claim", "cannot be combined with at");
      if (request.pageToken !== "") throw badPageToken();
      const moment = readAt(request.at);
      const places = request.all ? undefined : await placesOf(directory, caller, (await timeOf(log, moment)) ?? clock());
      const reviews = await pastReviews(parts, caller.tenant, places, moment);
      if (reviews.length > limit) throw tooLarge(`more than ${limit} reviews were open then`);
      return { reviews: reviews.map(toSummary), nextPageToken: "" };
    }
    const found = await queryReviews(database, {
      tenant: caller.tenant,
      places: request.all ? undefined : await placesOf(directory, caller, clock()),
      claim: claimQuery(request.claim, caller, clock()),
      after: deadline === undefined || position === undefined ? undefined : { deadline, position },
      limit: limit + 1,
    });
    const { page, last } = pageOf(found, limit);
    return {
      reviews: page.map(toSummary),
      nextPageToken: last === undefined ? "" : pageToken(identity, [last.deadline, last.state.requestPosition]),
    };
  });
}

/** One more than asked for tells whether there is a next page, behind the last one of this. */
function pageOf<Item>(found: readonly Item[], limit: number): { readonly page: readonly Item[]; readonly last: Item | undefined } {
  const page = found.slice(0, limit);
  return { page, last: found.length > limit ? page.at(-1) : undefined };
}

function claimQuery(filter: ClaimFilter, caller: Principal, now: Date): ReviewQuery["claim"] {
  switch (filter) {
    case ClaimFilter.UNSPECIFIED:
      return undefined;
    case ClaimFilter.UNCLAIMED:
      return { by: undefined, now: now.getTime() };
    case ClaimFilter.MINE:
      return { by: caller, now: now.getTime() };
    default:
      throw invalidField("claim", "must be UNCLAIMED, MINE or nothing");
  }
}

/** Actions that a page of the past looks at, however few of them fit. */
const LOOKS = 2000;
/** Reviews of the past are sorted by a deadline that only the past knows: all have to be looked at. */
const MOST_LOOKS = 20_000;

/** All reviews that were open then, oldest deadline first. */
async function pastReviews(
  parts: PastParts,
  tenant: string,
  places: ReviewQuery["places"],
  moment: Moment,
): Promise<readonly ListedAction[]> {
  const query = { tenant, requester: undefined, statuses: [], actionName: "", before: undefined, limit: MOST_LOOKS };
  const { actions, before } = await pastActions(parts, query, moment, MOST_LOOKS);
  if (before !== undefined) throw tooLarge(`more than ${MOST_LOOKS} actions were asked for before then`);
  const deadline = ({ state }: ListedAction): number => openReview(state)?.deadline ?? Number.MAX_SAFE_INTEGER;
  return actions
    .filter((action) => waitsForPeople(action.state) && (places === undefined || mayDecide(action.state, places)))
    .toSorted((a, b) => deadline(a) - deadline(b) || a.state.requestPosition - b.state.requestPosition);
}

/** On-call shifts and delegations are looked at as they were then; groups as they are. */
async function timeOf(log: EventReader, moment: Moment): Promise<Date | undefined> {
  if ("time" in moment) return moment.time;
  const [event] = await log.readAll({ from: moment.position, limit: 1 });
  return event?.time;
}

function tooLarge(why: string): CommandError {
  return new CommandError(
    "FAILED_PRECONDITION",
    "TOO_LARGE",
    `${why}; list actions with status IN_REVIEW and the same moment, which comes in pages`,
  );
}

function atFilter(at: At | undefined): readonly unknown[] {
  if (at === undefined) return [];
  const { moment } = at;
  return moment.case === "time" ? [String(moment.value.seconds), moment.value.nanos] : [String(moment.value ?? "")];
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
