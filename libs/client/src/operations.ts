import type { AuditService, Flaw, FsckResult, Progress, Rebuild } from "@countersign/proto/v1/audit_service_pb";
import type { ServiceClient } from "./service-client.ts";
import type { CallOptions } from "./transport.ts";

/** Told while something long runs. */
export type FsckListener = { readonly onProgress?: (progress: Progress) => void; readonly onFlaw?: (flaw: Flaw) => void };

/** Long enough for what reads everything. */
const LONG = 12 * 3_600_000;

/**
 * Has everything checked. Flaws are told as they are found, however many; nothing keeps them.
 * @throws CountersignError when the check could not be finished: then nothing is known to be sound.
 */
export async function fsck(
  audit: ServiceClient<typeof AuditService>,
  listener: FsckListener,
  options: CallOptions = {},
): Promise<FsckResult> {
  for await (const { message } of audit.fsck({}, { timeoutMs: LONG, ...options })) {
    if (message.case === "progress") listener.onProgress?.(message.value);
    else if (message.case === "flaw") listener.onFlaw?.(message.value);
    else if (message.case === "result") return message.value;
  }
  throw new Error("the check ended without a result");
}

/** Has one projection, or all, rebuilt. */
export async function rebuild(
  audit: ServiceClient<typeof AuditService>,
  name: string,
  onProgress: (progress: Progress) => void,
  options: CallOptions = {},
): Promise<readonly Rebuild[]> {
  const rebuilds: Rebuild[] = [];
  for await (const { message } of audit.rebuildProjection({ name }, { timeoutMs: LONG, ...options })) {
    if (message.case === "progress") onProgress(message.value);
    else if (message.case === "rebuild") rebuilds.push(message.value);
  }
  return rebuilds;
}
