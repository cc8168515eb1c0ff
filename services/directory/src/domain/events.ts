import type { Account, Profile } from "./profile.ts";

/** Why the directory changed: the identity provider over SCIM, a person for itself, a channel for its user, an operator. */
export type Cause = "scim" | "person" | "channel" | "operator";

type Fact<Type extends string, Members> = { readonly type: Type; readonly cause: Cause } & Readonly<Members>;

export type PersonProvisioned = Fact<"PersonProvisioned", { personId: string; profile: Profile; active: boolean }>;
export type PersonChanged = Fact<"PersonChanged", { personId: string; profile: Profile }>;
export type PersonDeactivated = Fact<"PersonDeactivated", { personId: string; /** Gone for good. */ removed: boolean }>;
export type PersonReactivated = Fact<"PersonReactivated", { personId: string }>;
export type GroupChanged = Fact<"GroupChanged", { groupId: string; name: string; externalId: string }>;
export type GroupRemoved = Fact<"GroupRemoved", { groupId: string }>;
export type MembersChanged = Fact<"MembersChanged", { groupId: string; added: readonly string[]; removed: readonly string[] }>;
export type LinkOffered = Fact<
  "LinkOffered",
  { codeDigest: string; account: Account; /** Base64. */ sealedNames: string; expiresMs: number }
>;
export type AccountLinked = Fact<"AccountLinked", { personId: string; account: Account; codeDigest: string }>;
export type AccountUnlinked = Fact<"AccountUnlinked", { personId: string; account: Account }>;
export type DelegationGranted = Fact<
  "DelegationGranted",
  { delegationId: string; fromId: string; toId: string; /** Empty: all. */ groupIds: readonly string[]; fromMs: number; untilMs: number }
>;
export type DelegationRevoked = Fact<"DelegationRevoked", { delegationId: string }>;
/** `period` absent: back. */
export type AwaySet = Fact<"AwaySet", { personId: string; period: AwayPeriod | undefined }>;

export type AwayPeriod = { readonly fromMs: number; readonly untilMs: number; /** Empty: nobody. */ readonly deputyId: string };

/** Every profile that was kept of a person is gone; the digests name them. `reason` is only written, never read back. */
export type PersonErased = Fact<"PersonErased", { personId: string; digests: readonly string[]; reason: string }>;

export type DirectoryEvent =
  | PersonProvisioned
  | PersonChanged
  | PersonDeactivated
  | PersonReactivated
  | GroupChanged
  | GroupRemoved
  | MembersChanged
  | LinkOffered
  | AccountLinked
  | AccountUnlinked
  | DelegationGranted
  | DelegationRevoked
  | AwaySet
  | PersonErased;
