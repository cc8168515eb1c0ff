/** What one tenant may have at most; Infinity where there is no quota. */
export type Quota = {
  /** Calls a second at each gateway, on average: all but votes, redemptions and cancellations. */
  readonly requestsPerSecond: number;
  /** How many of these may come at once. */
  readonly burst: number;
  /** Reviews that wait for people, in all. */
  readonly pendingReviews: number;
  /** Streams and waiting calls at each gateway. */
  readonly openWatches: number;
  /** In the directory, in all: people, with removed ones until they are erased. */
  readonly people: number;
  /** Groups of them. */
  readonly groups: number;
  /** Members of all groups together. */
  readonly memberships: number;
  /** Delegations that have not ended. */
  readonly delegations: number;
};

/** What each tenant may have. */
export type Quotas = {
  /** Those of a tenant by name, or the default ones. */
  of(tenant: string): Quota;
};
