import { contentDigest } from "@countersign/digest";
import type { ExecutionOutcome, Hex } from "../domain/values.ts";
import { textContent, toHex, unstored } from "./content.ts";
import { handle, type Handled } from "./handle.ts";
import { noteReportRefused } from "./note-refusal.ts";
import type { ActionRef, ActionView, Caller, Deps } from "./ports.ts";

/** The requester takes an action back. */
export function cancelAction(
  deps: Deps,
  { principal, traceparent }: Caller,
  cancel: { readonly ref: ActionRef; readonly reason: string },
): Promise<Handled> {
  const content = textContent(cancel.reason);
  return handle(deps.store, cancel.ref, { actor: principal, traceparent }, ({ contents }) => ({
    command: { type: "CancelAction", at: deps.clock().getTime(), caller: principal, reason: content && toHex(content.digest) },
    contents: unstored(contents, content),
  }));
}

export type Report = {
  readonly ref: ActionRef;
  readonly outcome: ExecutionOutcome;
  /** Empty when there was no output to hash. */
  readonly outputDigest: Hex;
  readonly message: string;
};

/** The grantee says what happened. */
export async function reportExecution(deps: Deps, { principal, traceparent }: Caller, report: Report): Promise<Handled> {
  const { ref, outcome, outputDigest } = report;
  const content = textContent(report.message);
  let recorded: Hex = "";
  const handled = await handle(deps.store, ref, { actor: principal, traceparent }, (view) => {
    if ("execution" in view.state) recorded = view.state.execution.outputDigest;
    return {
      command: {
        type: "ReportExecution",
        at: deps.clock().getTime(),
        caller: principal,
        outcome,
        outputDigest,
        message: content && toHex(content.digest),
        sameMessage: isRecordedMessage(view, report.message),
      },
      contents: unstored(view.contents, content),
    };
  });
  if (handled.outcome === "refused" && handled.code === "REPORT_CONFLICT")
    await noteReportRefused(deps, ref, principal, { recorded, refused: outputDigest });
  return handled;
}

/** Compares under the salt of the recorded one. Once it is erased nobody can tell, and the rest of the report decides. */
function isRecordedMessage({ state, contents }: ActionView, message: string): boolean {
  if (state.status !== "SUCCEEDED" && state.status !== "FAILED") return false;
  const recorded = state.execution.message;
  if (recorded === undefined || message === "") return recorded === undefined && message === "";
  const content = contents.get(recorded);
  return content === undefined || toHex(contentDigest(content.salt, Buffer.from(message))) === recorded;
}
