import { isReplyCode, type ReadKeys } from "./append-keys.ts";
import { EventLogError } from "./errors.ts";
import type { StoredReply } from "./event-log.ts";
import { NO_CODE } from "./stored-events.ts";

/**
 * What is kept for a caller's key, as it is stored. A retry is answered from it, so it counts only with its append code.
 * @throws EventLogError `corrupt`
 */
export function storedReply(
  keys: ReadKeys,
  place: { readonly tenant: string; readonly caller: string; readonly key: string },
  row: StoredReply & { readonly append_code: Uint8Array | null },
): StoredReply {
  const { ledger, reply, append_code: code } = row;
  if (keys === "unchecked" || isReplyCode(keys, { ...place, ledger, reply }, code)) return { ledger, reply };
  throw new EventLogError("corrupt", `what ledger ${ledger} keeps for an idempotency key ${NO_CODE}`);
}
