import { create } from "@bufbuild/protobuf";
import { timestampFromMs, timestampMs, type Timestamp } from "@bufbuild/protobuf/wkt";
import type { DecodedEvent, DirectoryEvent as OwnEventMessage } from "@countersign/events";
import { ContentErasedSchema } from "@countersign/proto/event/v1/erasure_events_pb";
import * as wire from "@countersign/proto/event/v1/directory_events_pb";
import type { Cause, DirectoryEvent } from "../../domain/events.ts";
import type { Account, Profile } from "../../domain/profile.ts";
import { toBody } from "./profile-content.ts";
import { DirectoryStoreError } from "../../usecases/ports.ts";

/** What a directory stream holds. */
export type EventMessage = OwnEventMessage | Extract<DecodedEvent, { readonly type: "ContentErased" }>;

const CAUSES: Readonly<Record<Cause, wire.DirectoryCause>> = {
  scim: wire.DirectoryCause.SCIM,
  person: wire.DirectoryCause.PERSON,
  channel: wire.DirectoryCause.CHANNEL,
  operator: wire.DirectoryCause.OPERATOR,
};
const CAUSE_NAMES = new Map((Object.keys(CAUSES) as Cause[]).map((cause) => [CAUSES[cause], cause]));

/** As the log holds it. What may be erased goes beside it: `seal` keeps it, and returns the digest that stands for it. */
export function toEventMessage(event: DirectoryEvent, seal: (body: Uint8Array) => Uint8Array): EventMessage {
  const cause = CAUSES[event.cause];
  switch (event.type) {
    case "PersonProvisioned": {
      const { type, personId, active } = event;
      const profile = { digest: seal(toBody(event.profile)) };
      return { type, data: create(wire.PersonProvisionedSchema, { personId, profile, active, cause }) };
    }
    case "PersonChanged": {
      const profile = { digest: seal(toBody(event.profile)) };
      return { type: event.type, data: create(wire.PersonChangedSchema, { personId: event.personId, profile, cause }) };
    }
    case "PersonDeactivated":
      return { type: event.type, data: create(wire.PersonDeactivatedSchema, { ...event, cause }) };
    case "PersonErased": {
      const digests = event.digests.map((digest) => Buffer.from(digest, "hex"));
      const reason = { digest: seal(Buffer.from(event.reason)) };
      return { type: "ContentErased", data: create(ContentErasedSchema, { personId: event.personId, digests, reason }) };
    }
    case "PersonReactivated":
      return { type: event.type, data: create(wire.PersonReactivatedSchema, { ...event, cause }) };
    case "GroupChanged":
      return { type: event.type, data: create(wire.GroupChangedSchema, { ...event, cause }) };
    case "GroupRemoved":
      return { type: event.type, data: create(wire.GroupRemovedSchema, { ...event, cause }) };
    case "MembersChanged": {
      const { type, groupId, added, removed } = event;
      return { type, data: create(wire.MembersChangedSchema, { groupId, added: [...added], removed: [...removed], cause }) };
    }
    default:
      return toOwnChangeMessage(event, cause);
  }
}

type OwnChange = Extract<
  DirectoryEvent,
  { type: "LinkOffered" | "AccountLinked" | "AccountUnlinked" | "DelegationGranted" | "DelegationRevoked" | "AwaySet" }
>;

function toOwnChangeMessage(event: OwnChange, cause: wire.DirectoryCause): EventMessage {
  switch (event.type) {
    case "LinkOffered": {
      const { type, account, expiresMs } = event;
      const codeDigest = Buffer.from(event.codeDigest, "hex");
      const sealedNames = Buffer.from(event.sealedNames, "base64");
      const expireTime = timestampFromMs(expiresMs);
      return { type, data: create(wire.LinkOfferedSchema, { codeDigest, account, sealedNames, expireTime, cause }) };
    }
    case "AccountLinked": {
      const { type, personId, account } = event;
      return {
        type,
        data: create(wire.AccountLinkedSchema, { personId, account, codeDigest: Buffer.from(event.codeDigest, "hex"), cause }),
      };
    }
    case "AccountUnlinked": {
      const { type, personId, account } = event;
      return { type, data: create(wire.AccountUnlinkedSchema, { personId, account, cause }) };
    }
    case "DelegationGranted": {
      const { type, delegationId, fromId, toId, groupIds, fromMs, untilMs } = event;
      const times = { fromTime: timestampFromMs(fromMs), untilTime: timestampFromMs(untilMs) };
      const people = { fromPersonId: fromId, toPersonId: toId };
      return { type, data: create(wire.DelegationGrantedSchema, { delegationId, ...people, groupIds: [...groupIds], ...times, cause }) };
    }
    case "DelegationRevoked":
      return { type: event.type, data: create(wire.DelegationRevokedSchema, { delegationId: event.delegationId, cause }) };
    case "AwaySet": {
      const { type, personId, period } = event;
      const set = period && {
        fromTime: timestampFromMs(period.fromMs),
        untilTime: timestampFromMs(period.untilMs),
        deputyId: period.deputyId,
      };
      return { type, data: create(wire.AwaySetSchema, { personId, ...set, cause }) };
    }
  }
}

/** As the domain knows it. @throws DirectoryStoreError unreadable, on what makes no sense. */
export function fromEventMessage(event: EventMessage, profileOf: (digest: Uint8Array) => Profile): DirectoryEvent {
  if (event.type === "ContentErased") {
    const { personId, digests } = event.data;
    return { type: "PersonErased", personId, digests: digests.map(hex), reason: "", cause: "operator" };
  }
  const cause = required(CAUSE_NAMES.get(event.data.cause));
  switch (event.type) {
    case "PersonProvisioned": {
      const { personId, active, profile } = event.data;
      return { type: event.type, personId, active, profile: profileOf(required(profile).digest), cause };
    }
    case "PersonChanged":
      return { type: event.type, personId: event.data.personId, profile: profileOf(required(event.data.profile).digest), cause };
    case "PersonDeactivated":
      return { type: event.type, personId: event.data.personId, removed: event.data.removed, cause };
    case "PersonReactivated":
      return { type: event.type, personId: event.data.personId, cause };
    case "GroupChanged":
      return { type: event.type, groupId: event.data.groupId, name: event.data.name, externalId: event.data.externalId, cause };
    case "GroupRemoved":
      return { type: event.type, groupId: event.data.groupId, cause };
    case "MembersChanged":
      return { type: event.type, groupId: event.data.groupId, added: event.data.added, removed: event.data.removed, cause };
    default:
      return fromOwnChangeMessage(event, cause);
  }
}

function fromOwnChangeMessage(event: Extract<EventMessage, { type: OwnChange["type"] }>, cause: Cause): DirectoryEvent {
  switch (event.type) {
    case "LinkOffered":
      return {
        type: event.type,
        codeDigest: hex(event.data.codeDigest),
        account: accountOf(event.data.account),
        sealedNames: Buffer.from(event.data.sealedNames).toString("base64"),
        expiresMs: ms(event.data.expireTime),
        cause,
      };
    case "AccountLinked":
      return {
        type: event.type,
        personId: event.data.personId,
        account: accountOf(event.data.account),
        codeDigest: hex(event.data.codeDigest),
        cause,
      };
    case "AccountUnlinked":
      return { type: event.type, personId: event.data.personId, account: accountOf(event.data.account), cause };
    case "DelegationGranted": {
      const { delegationId, fromPersonId: fromId, toPersonId: toId, groupIds, fromTime, untilTime } = event.data;
      return { type: event.type, delegationId, fromId, toId, groupIds, fromMs: ms(fromTime), untilMs: ms(untilTime), cause };
    }
    case "DelegationRevoked":
      return { type: event.type, delegationId: event.data.delegationId, cause };
    case "AwaySet": {
      const { personId, fromTime, untilTime, deputyId } = event.data;
      return { type: event.type, personId, period: fromTime && { fromMs: ms(fromTime), untilMs: ms(untilTime), deputyId }, cause };
    }
  }
}

function accountOf(message: wire.ChannelAccount | undefined): Account {
  const { channel, workspace, id } = required(message);
  return { channel, workspace, id };
}

function ms(time: Timestamp | undefined): number {
  return timestampMs(required(time));
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

function required<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new DirectoryStoreError("unreadable", "an event of the directory lacks a member that it must have");
  return value;
}
