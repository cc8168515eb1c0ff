import { PAGER_DUTY, principalKey, type Account, type PrincipalName, type Profile } from "../../domain/profile.ts";
import type { Op } from "./operations.ts";
import type { Path } from "./path.ts";
import { badValue, ScimError } from "./scim-error.ts";
import { isRecord, listOf, memberOf, textOf, type Json } from "./values.ts";

/** Attributes of our extension that name an account, and the channel it is in. */
export const ACCOUNT_ATTRIBUTES = { slackaccount: "slack", teamsaccount: "teams", pagerdutyaccount: PAGER_DUTY } as const;

const MAX_PRINCIPALS = 20;

/** What one operation on an attribute of our extension changes. @throws ScimError */
export function setOwnAttribute(profile: Profile, op: Op, { attribute }: Path, value: Json | undefined): Partial<Profile> {
  const given = op === "remove" ? undefined : value;
  if (attribute === "team") return { team: textOf("team", given) };
  if (attribute === "principals") return { principals: changePrincipals(profile.principals, op, value) };
  if (!isAccountAttribute(attribute)) throw new ScimError(400, `the extension has no attribute ${attribute}`, "invalidPath");
  const channel = ACCOUNT_ATTRIBUTES[attribute];
  const others = profile.accounts.filter((account) => account.channel !== channel);
  const text = textOf(attribute, given);
  return { accounts: text === "" ? others : [...others, readAccount(attribute, channel, text)] };
}

function isAccountAttribute(name: string): name is keyof typeof ACCOUNT_ATTRIBUTES {
  return Object.hasOwn(ACCOUNT_ATTRIBUTES, name);
}

function readAccount(attribute: string, channel: string, text: string): Account {
  const [, workspace, id] = /^([^/\s]+)\/([^/\s]+)$/.exec(text) ?? [];
  if (workspace === undefined || id === undefined) throw badValue(attribute, "must be WORKSPACE/USER, ids and not names");
  return { channel, workspace, id };
}

function changePrincipals(principals: readonly PrincipalName[], op: Op, value: Json | undefined): readonly PrincipalName[] {
  const given = listOf(value).map(readPrincipal);
  const others = principals.filter((one) => given.every((other) => principalKey(other) !== principalKey(one)));
  const after = op === "replace" ? given : op === "add" ? [...others, ...given] : value === undefined || value === null ? [] : others;
  if (after.length > MAX_PRINCIPALS) throw badValue("principals", `has more than ${MAX_PRINCIPALS} items`);
  return after;
}

/** `ISSUER|ID`: an issuer is a URL and holds no bar; an id may. */
function readPrincipal(item: Json): PrincipalName {
  const text = textOf("principals", isRecord(item) ? memberOf(item, "value") : item, 800);
  const bar = text.indexOf("|");
  if (bar < 1 || bar === text.length - 1) throw badValue("principals", "must hold ISSUER|ID");
  return { issuer: text.slice(0, bar), id: text.slice(bar + 1) };
}
