import type { Timestamp } from "@bufbuild/protobuf/wkt";
import type {
  ChannelAccount,
  CreateDelegationRequest,
  ErasePersonRequest,
  GetLinkOfferRequest,
  LinkAccountRequest,
  ListDelegationsRequest,
  RevokeDelegationRequest,
  SetAwayRequest,
  UnlinkAccountRequest,
} from "@countersign/proto/v1/directory_service_pb";
import { checkAt, checkName, checkText, checkUuid } from "./fields.ts";
import type { Violations } from "./violations.ts";

const MAX_GROUPS = 100;
/** 9999-12-31T23:59:59Z, the last second that a protobuf Timestamp can name. */
const LAST_SECOND = 253_402_300_799n;

export function checkCreateDelegation({ to, groups, fromTime, untilTime }: CreateDelegationRequest, violations: Violations): void {
  checkName(violations, "to", to, 256);
  if (groups.length > MAX_GROUPS) violations.add("groups", `has more than ${MAX_GROUPS} items`);
  groups.slice(0, MAX_GROUPS).forEach((name, index) => checkName(violations, `groups[${index}]`, name, 256));
  checkTime(violations, "from_time", fromTime);
  if (untilTime === undefined) violations.add("until_time", "is required");
  checkTime(violations, "until_time", untilTime);
}

export function checkListDelegations({ at }: ListDelegationsRequest, violations: Violations): void {
  if (at !== undefined) checkAt(violations, "at", at);
}

export function checkRevokeDelegation({ delegationId }: RevokeDelegationRequest, violations: Violations): void {
  checkUuid(violations, "delegation_id", delegationId);
}

export function checkSetAway({ fromTime, untilTime, deputy }: SetAwayRequest, violations: Violations): void {
  checkTime(violations, "from_time", fromTime);
  checkTime(violations, "until_time", untilTime);
  if (deputy !== "") checkName(violations, "deputy", deputy, 256);
  if (untilTime === undefined && (fromTime !== undefined || deputy !== "")) {
    violations.add("until_time", "is required with from_time or deputy; leave out all three to be back");
  }
}

export function checkGetLinkOffer({ code }: Pick<GetLinkOfferRequest, "code">, violations: Violations): void {
  if (!/^[0-9A-Za-z -]{16,32}$/.test(code))
    violations.add("code", "must be the code that the channel showed, for example 7K2M-Q9ZD-41XT-B8HV");
}

export function checkLinkAccount({ code, account }: LinkAccountRequest, violations: Violations): void {
  checkGetLinkOffer({ code }, violations);
  checkAccount(account, violations);
}

export function checkUnlinkAccount({ account }: UnlinkAccountRequest, violations: Violations): void {
  checkAccount(account, violations);
}

function checkAccount(account: ChannelAccount | undefined, violations: Violations): void {
  checkName(violations, "account.channel", account?.channel ?? "", 64);
  checkName(violations, "account.id", account?.id ?? "", 256);
  if (account !== undefined && account.workspace !== "") checkName(violations, "account.workspace", account.workspace, 256);
}

export function checkErasePerson({ personId, reason }: ErasePersonRequest, violations: Violations): void {
  checkName(violations, "person_id", personId, 256);
  checkText(violations, "reason", reason, { min: 1, max: 4096 });
}

function checkTime(violations: Violations, field: string, time: Timestamp | undefined): void {
  if (time === undefined) return;
  const { seconds, nanos } = time;
  if (seconds < 0n || seconds > LAST_SECOND || nanos < 0 || nanos > 999_999_999) violations.add(field, "must be between 1970 and 9999");
}
