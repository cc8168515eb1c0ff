/** Names a principal: issuer and id together. */
export type PrincipalName = { readonly issuer: string; readonly id: string };

/** An account in a chat service; `id` is the user's id there, never a name. */
export type ChannelAccount = { readonly channel: string; readonly workspace: string; readonly id: string };

/** One way to name somebody. */
export type Who = { readonly principal: PrincipalName } | { readonly account: ChannelAccount } | { readonly personId: string };

/** Whose place somebody takes, as it was at the time asked for. */
export type StandIn = {
  readonly personId: string;
  /** The groups that this covers; empty: all groups of that person. */
  readonly groups: readonly string[];
  /** Milliseconds since 1970. */
  readonly untilMs: number;
  /** Everything that person signs in with: barred here as the person itself is. */
  readonly principals: readonly PrincipalName[];
  /** That person's groups as they are now, cut down to what is covered: what the stand-in may decide by. */
  readonly effectiveGroups: readonly string[];
  /** As of a person: of that person, where everything is covered. */
  readonly reports?: readonly PrincipalName[];
};

/** One human, however many accounts it has, as the directory knew it at the time asked for. */
export type Person = {
  readonly id: string;
  readonly displayName: string;
  /** Switched off people decide nothing. */
  readonly active: boolean;
  readonly groups: readonly string[];
  readonly teams: readonly string[];
  /** Every principal that is this human. */
  readonly principals: readonly PrincipalName[];
  readonly accounts: readonly ChannelAccount[];
  /** Address for mail; may be empty. */
  readonly email: string;
  readonly managerId: string | undefined;
  /** Schedules in which this person is on call. */
  readonly onCall: readonly string[];
  readonly standsInFor: readonly StandIn[];
  /** Not to be asked now. */
  readonly away: boolean;
  /** Every principal of everybody whose manager this person is. Absent: it was not asked for, or there are none. */
  readonly reports?: readonly PrincipalName[];
  /** Roles where no token says them, which is in chats. */
  readonly roles: readonly string[];
};

/** Not managed: a token's groups count. Managed without a person: nobody whom the directory knows, who then may not decide. */
export type Resolved =
  | { readonly managed: false }
  | {
      readonly managed: true;
      readonly person: Person | undefined;
      /** It is nobody who may decide, and was somebody once: whoever that was is barred as this. Absent without a person: nobody knows whose it is. */
      readonly known?: boolean;
      /** Schedules that cannot be read now: nobody counts as on call in them. Absent: none. */
      readonly unknownSchedules?: readonly string[];
    };

/** Who can be told of a review: the union of these. */
export type WantedReviewers = {
  readonly groups?: readonly string[];
  readonly schedules?: readonly string[];
  readonly personIds?: readonly string[];
};

/** Who can be told of a review. Not managed: the directory knows nobody of this tenant. */
export type Reviewers =
  | { readonly managed: false }
  | {
      readonly managed: true;
      readonly people: readonly Person[];
      /** As above. */
      readonly unknownSchedules?: readonly string[];
      /** Of the groups asked for, those in which nobody is who may decide. Absent: none. */
      readonly unknownGroups?: readonly string[];
      /** Of the people asked for, those who may not decide. Absent: none. */
      readonly unknownPersonIds?: readonly string[];
      /** There are more than 500: these are the first of them. Absent: no. */
      readonly more?: boolean;
    };
