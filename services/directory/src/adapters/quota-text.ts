import type { QuotaRejection } from "../domain/quota.ts";

type Words = { readonly what: string; readonly setting: string; readonly room: string };

const QUOTAS: Readonly<Record<QuotaRejection, Words>> = {
  people_quota: { what: "people, with those who were removed and not erased", setting: "people", room: "erase who was removed" },
  profiles_quota: { what: "characters in the profiles of its people", setting: "people", room: "send fewer attributes, or shorter ones" },
  groups_quota: { what: "groups", setting: "groups", room: "provision only those that policies and roles name" },
  memberships_quota: {
    what: "members of groups, counted in each group",
    setting: "memberships",
    room: "provision only groups that policies and roles name",
  },
  delegations_quota: { what: "delegations that have not ended", setting: "delegations", room: "end some" },
};

export function isQuota(code: string): code is QuotaRejection {
  return Object.hasOwn(QUOTAS, code);
}

/** Which limit it is, as the quotas file calls it. */
export function quotaSetting(code: QuotaRejection): string {
  return QUOTAS[code].setting;
}

/** Says how many there may be and what helps. */
export function quotaText(code: QuotaRejection, limit: number): string {
  const { what, setting, room } = QUOTAS[code];
  return `this tenant may have ${limit.toLocaleString("en-US")} ${what}; nothing was changed but that who was to go is out: ${room}, or have ${setting} raised in COUNTERSIGN_QUOTAS_FILE`;
}
