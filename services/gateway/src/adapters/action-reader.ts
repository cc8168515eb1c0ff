import { CommandError } from "@countersign/bus";
import type { RpcCall } from "@countersign/grpc-kit";
import type { Authenticated } from "@countersign/identity";
import { ActionStatus } from "@countersign/proto/v1/action_pb";
import type { GatewayConfig } from "../config.ts";
import { commandOf } from "./caller.ts";
import type { HandlerDeps } from "./deps.ts";
import { actionStateOf } from "./wire/action-state.ts";

/** An action as its service tells it to one caller. */
export type ActionReply = {
  readonly version: number;
  readonly status: number;
  /** As it came. */ readonly reply: Uint8Array;
};

/** A read takes a few milliseconds; after this long nobody is working on it, or too many are: each repetition waits twice as long. */
const ANSWER_MS = 1000;

/** Asks for an action again and again, always as the caller: only the requester gets the grant token. */
export function actionReader(
  { commands, config }: Pick<HandlerDeps, "commands"> & { readonly config: Pick<GatewayConfig, "callTimeoutMs"> },
  caller: Authenticated,
  call: Pick<RpcCall, "header" | "remainingMs" | "signal">,
  question: { readonly method: "GetAction" | "WatchAction"; readonly request: Uint8Array },
): (knownVersion: number) => Promise<ActionReply> {
  const asked = commandOf(caller, call, question.request);
  return async (knownVersion) => {
    const command = { ...asked, knownVersion: BigInt(knownVersion) };
    const until = performance.now() + call.remainingMs(config.callTimeoutMs);
    for (let patienceMs = ANSWER_MS; ; patienceMs *= 2) {
      const remainingMs = until - performance.now();
      try {
        const reply = await commands.send("approval", question.method, command, { timeoutMs: Math.min(remainingMs, patienceMs) });
        return { ...actionStateOf(reply), reply };
      } catch (error) {
        // An instance that died with the question in hand says nothing any more. Reading again does no harm.
        if (!(error instanceof CommandError && error.reason === "TIMEOUT") || remainingMs <= patienceMs) throw error;
        call.signal.throwIfAborted();
      }
    }
  };
}

/** Neither policy nor people have to answer any more. */
export function isDecided({ status }: { readonly status: number }): boolean {
  return status !== ActionStatus.REQUESTED && status !== ActionStatus.IN_REVIEW;
}

/** It will never change again. */
export function isTerminal({ status }: { readonly status: number }): boolean {
  return TERMINAL.has(status);
}

const TERMINAL: ReadonlySet<number> = new Set([
  ActionStatus.DENIED,
  ActionStatus.REJECTED,
  ActionStatus.EXPIRED,
  ActionStatus.CANCELLED,
  ActionStatus.SUCCEEDED,
  ActionStatus.FAILED,
  ActionStatus.UNREPORTED,
  ActionStatus.GRANT_EXPIRED,
  ActionStatus.REVOKED,
]);
