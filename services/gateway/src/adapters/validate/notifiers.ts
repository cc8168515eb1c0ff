import type { ListDeliveriesRequest, RetryDeliveriesRequest } from "@countersign/proto/v1/notifier_service_pb";
import { checkCount, checkName, checkPage } from "./fields.ts";
import type { Violations } from "./violations.ts";

const MOST_IDS = 200;

export function checkListDeliveries(request: ListDeliveriesRequest, violations: Violations): void {
  checkPage(violations, request);
  if (request.channel !== "") checkName(violations, "channel", request.channel, 64);
}

export function checkRetryDeliveries({ channel, ids }: RetryDeliveriesRequest, violations: Violations): void {
  checkName(violations, "channel", channel, 64);
  if (ids.length > MOST_IDS) violations.add("ids", `must be at most ${MOST_IDS}`);
  else for (const [index, id] of ids.entries()) checkCount(violations, `ids[${index}]`, id);
}
