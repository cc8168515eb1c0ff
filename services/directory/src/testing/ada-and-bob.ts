import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { Person } from "@countersign/directory-client";
import type { EventLog } from "@countersign/event-log";
import { createMemoryEventLog } from "@countersign/event-log/testing";
import * as wire from "@countersign/proto/internal/v1/directory_pb";
import * as api from "@countersign/proto/v1/directory_service_pb";
import { PrincipalType } from "@countersign/proto/v1/principal_pb";
import { human, runDirectory, type RunningTestDirectory } from "./running-directory.ts";

export const DAY = 86_400_000;
export const NOON = new Date("2026-11-23T12:00:00Z");

export type AdaAndBob = { readonly log: EventLog; readonly directory: RunningTestDirectory; readonly ada: string; readonly bob: string };

/** A directory with two people: Ada, in the groups sre and dba, and Bob, in none. */
export async function adaAndBob(clock: () => Date): Promise<AdaAndBob> {
  const log = createMemoryEventLog({ ledger: "main" });
  const directory = await runDirectory(log, {}, clock);
  const ada = await directory.user("ada", { displayName: "Ada" });
  const bob = await directory.user("bob", { displayName: "Bob" });
  await directory.group("sre", [ada]);
  await directory.group("dba", [ada]);
  return { log, directory, ada, bob };
}

type Time = ReturnType<typeof timestampFromDate>;
export type Delegated = Partial<{ to: string; groups: string[]; fromTime: Time; untilTime: Time }>;

/** What people and channels ask of the directory; Ada asks where a test names nobody. */
export function asking(directory: () => RunningTestDirectory, clock: () => Date) {
  const later = (ms: number) => new Date(clock().getTime() + ms);
  const until = (ms: number) => ({ untilTime: timestampFromDate(later(ms)) });
  const notifier = { tenant: "acme", type: PrincipalType.SERVICE, issuer: "countersign", id: "notifier" };
  return {
    later,
    until,
    delegate: (request: Delegated, caller = human("ada")) =>
      directory().send(
        "CreateDelegation",
        [api.CreateDelegationRequestSchema, api.CreateDelegationResponseSchema],
        { to: "bob", ...until(DAY), ...request },
        caller,
      ),
    revoke: (delegationId: string, caller = human("ada")) =>
      directory().send(
        "RevokeDelegation",
        [api.RevokeDelegationRequestSchema, api.RevokeDelegationResponseSchema],
        { delegationId },
        caller,
      ),
    away: (request: object, caller = human("ada")) =>
      directory().send("SetAway", [api.SetAwayRequestSchema, api.SetAwayResponseSchema], request, caller),
    offer: (id: string, caller: object = notifier) =>
      directory().send(
        "OfferLink",
        [wire.OfferLinkRequestSchema, wire.OfferLinkResponseSchema],
        { account: { channel: "slack", workspace: "T1", id }, displayName: "ada.l", workspaceName: "acme-corp" },
        caller,
      ),
    link: (code: string, caller = human("ada"), id = "U1") =>
      directory().send(
        "LinkAccount",
        [api.LinkAccountRequestSchema, api.LinkAccountResponseSchema],
        { code, account: { channel: "slack", workspace: "T1", id } },
        caller,
      ),
    look: (code: string, caller = human("ada")) =>
      directory().send("GetLinkOffer", [api.GetLinkOfferRequestSchema, api.GetLinkOfferResponseSchema], { code }, caller),
    me: (caller = human("ada")) => directory().send("GetMe", [api.GetMeRequestSchema, api.GetMeResponseSchema], {}, caller),
    person: async (id: string, at = clock()): Promise<Person | undefined> => {
      const resolved = await directory().people.resolvePerson("acme", { personId: id }, at);
      return resolved.managed ? resolved.person : undefined;
    },
  };
}
