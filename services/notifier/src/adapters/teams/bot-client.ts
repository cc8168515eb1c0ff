import { z } from "zod";
import { RetryableDeliveryError, TerminalDeliveryError } from "../../usecases/channel.ts";
import { retryAfterMs } from "../retry-after.ts";
import type { BotTokens } from "./bot-token.ts";

const created = z.looseObject({ id: z.string().min(1).max(256) });

const TIMEOUT_MS = 10_000;

/** The Bot Framework's REST API for one bot. `serviceUrl` is ours by config: one that came in could be anybody's, and would get our token. */
export type BotClient = {
  post(conversation: string, activity: object, signal: AbortSignal): Promise<string>;
  /** False when the message is gone. */
  update(conversation: string, activityId: string, activity: object, signal: AbortSignal): Promise<boolean>;
};

export function botClient(serviceUrl: string, tokens: BotTokens, clock: () => Date): BotClient {
  const base = serviceUrl.endsWith("/") ? serviceUrl : `${serviceUrl}/`;
  const send = async (method: "POST" | "PUT", path: string, activity: object, signal: AbortSignal): Promise<Response> => {
    const token = await tokens.get();
    return fetch(new URL(path, base), {
      method,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify(activity),
      redirect: "error",
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    }).catch((cause: unknown) => {
      throw new RetryableDeliveryError("teams did not answer", { cause });
    });
  };
  const path = (conversation: string): string => `v3/conversations/${encodeURIComponent(conversation)}/activities`;
  return {
    post: async (conversation, activity, signal) => {
      const response = await send("POST", path(conversation), activity, signal);
      if (!response.ok) throw failure(response, tokens, clock());
      return created.parse(await response.json()).id;
    },
    update: async (conversation, activityId, activity, signal) => {
      const response = await send("PUT", `${path(conversation)}/${encodeURIComponent(activityId)}`, activity, signal);
      if (response.status === 404) return false;
      if (!response.ok) throw failure(response, tokens, clock());
      return true;
    },
  };
}

function failure({ status, headers }: Response, tokens: BotTokens, now: Date): Error {
  const text = `teams answered ${status}`;
  if (status === 429)
    return new RetryableDeliveryError(text, { rateLimited: true, delayMs: retryAfterMs(headers.get("retry-after") ?? undefined, now) });
  if (status === 400 || status === 413) return new TerminalDeliveryError(text);
  if (status === 401) tokens.drop();
  return new RetryableDeliveryError(text, { delayMs: retryAfterMs(headers.get("retry-after") ?? undefined, now) });
}
