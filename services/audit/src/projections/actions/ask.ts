import type { PrincipalKey } from "./principal-key.ts";

/**
 * One way to be asked, as text: a review that has one of these in common with somebody asks them. What changes with time (who is in a group, on
 * call, whose manager, in whose place) is on the side of who looks; what the log fixes is on the side of the action.
 */
export type Ask = string;

export const askOf = {
  group: (name: string): Ask => `group ${name}`,
  /** A person's id in the directory, or `<issuer>#<id>` of one of its principals. */
  person: (id: string): Ask => `person ${id}`,
  onCall: (schedule: string): Ask => `on call ${schedule}`,
  /** Whoever manages this principal's human. */
  managerOf: (principal: PrincipalKey): Ask => `manager of ${principal}`,
  /** The human of this principal. */
  confirms: (principal: PrincipalKey): Ask => `confirms as ${principal}`,
};

/** Stands in a stage for the manager of the human who is behind the request. */
export const REQUESTER_MANAGER: Ask = "requester's manager";
