import { CommandError } from "@countersign/bus";
import type { RpcCall } from "@countersign/grpc-kit";
import type { Command } from "@countersign/proto/internal/v1/command_pb";
import type { HandlerDeps } from "./deps.ts";

/**
 * Sends a command on behalf of a call. `approval` and `policy` answer within milliseconds; an instance that died with the command in hand never
 * does. Its caller then hears so while there is still time to repeat the call, which is safe: the outcome is not known, and a key or the log decides.
 * What `audit` does may take as long as the call may.
 */
export async function ask(
  { commands, config }: Pick<HandlerDeps, "commands" | "config">,
  to: { readonly service: string; readonly method: string },
  command: Command,
  call: RpcCall,
): Promise<Uint8Array> {
  const remainingMs = call.remainingMs(config.callTimeoutMs);
  const timeoutMs = to.service === "audit" ? remainingMs : Math.min(remainingMs, config.answerMs);
  try {
    return await commands.send(to.service, to.method, command, { timeoutMs });
  } catch (error) {
    if (!(error instanceof CommandError && error.reason === "TIMEOUT") || timeoutMs === remainingMs) throw error;
    throw new CommandError("UNAVAILABLE", "LINK_LOST", `${to.service} took the call and did not answer; the outcome is not known.`);
  }
}
