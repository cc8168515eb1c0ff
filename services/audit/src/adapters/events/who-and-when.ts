import { timestampDate, type Timestamp } from "@bufbuild/protobuf/wkt";
import type { ContentRef } from "@countersign/proto/event/v1/action_events_pb";
import type { PrincipalRef, PrincipalType } from "@countersign/proto/v1/principal_pb";
import { plainText } from "./plain-text.ts";
import { PRINCIPAL_KINDS } from "./wire-names.ts";

/** The words that an event refers to, ready to stand behind a line; nothing when it refers to none. */
export type Said = (ref: ContentRef | undefined) => string;

export function principal(who: (Pick<PrincipalRef, "issuer" | "id"> & { readonly type: PrincipalType }) | undefined): string {
  const kind = who === undefined ? undefined : PRINCIPAL_KINDS[who.type];
  return kind === undefined ? reference(who) : `${kind} ${reference(who)}`;
}

export function reference(who: Pick<PrincipalRef, "id"> | undefined): string {
  return who === undefined || who.id === "" ? "somebody unnamed" : plainText(who.id);
}

export function since(time: Timestamp | undefined): string {
  return time === undefined ? ", from the first event" : `, from ${timestampDate(time).toISOString()}`;
}

export function until(time: Timestamp | undefined): string {
  return time === undefined ? "" : `, until ${timestampDate(time).toISOString()}`;
}
