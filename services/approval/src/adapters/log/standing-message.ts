import type { ReviewerStanding } from "@countersign/proto/event/v1/action_events_pb";
import type { Standing } from "../../domain/standing.ts";
import { fromRefMessage, toRefMessage } from "../wire/principal-message.ts";

export function toStandingMessage({ person, principals, groups, teams, onCall, managesRequester, inPlaceOf }: Standing) {
  return {
    person,
    principals: principals.map(toRefMessage),
    groups,
    teams,
    onCall,
    managesRequester,
    ...(inPlaceOf && { inPlaceOf: { ...inPlaceOf, principals: inPlaceOf.principals.map(toRefMessage) } }),
  };
}

export function fromStandingMessage(message: ReviewerStanding): Standing {
  const { person, principals, groups, teams, onCall, managesRequester, inPlaceOf } = message;
  return {
    person,
    principals: principals.map(fromRefMessage),
    groups,
    teams,
    onCall,
    managesRequester,
    inPlaceOf: inPlaceOf && {
      person: inPlaceOf.person,
      principals: inPlaceOf.principals.map(fromRefMessage),
      entirely: inPlaceOf.entirely,
    },
  };
}
