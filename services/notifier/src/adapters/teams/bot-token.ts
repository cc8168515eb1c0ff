import { z } from "zod";
import { RetryableDeliveryError } from "../../usecases/channel.ts";

const answer = z.looseObject({ access_token: z.string().min(1), expires_in: z.coerce.number().positive() });

const SCOPE = "https://api.botframework.com/.default";
/** Renewed so long before its end. */
const EARLY_MS = 300_000;
const TIMEOUT_MS = 8000;

export type BotTokenOptions = {
  /** `https://login.microsoftonline.com/<tenant>/oauth2/v2.0/token`. */
  readonly tokenUrl: string;
  readonly appId: string;
  readonly password: string;
  readonly clock: () => Date;
};

/** The app's own token, by client credentials (RFC 6749, 4.4); one request at a time, kept until shortly before its end. */
export type BotTokens = { get(): Promise<string>; drop(): void };

export function botTokens(options: BotTokenOptions): BotTokens {
  let held: { readonly token: string; readonly until: number } | undefined;
  let asking: Promise<string> | undefined;
  const ask = async (): Promise<string> => {
    const { access_token: token, expires_in: seconds } = await requestToken(options);
    held = { token, until: options.clock().getTime() + seconds * 1000 - Math.min(EARLY_MS, seconds * 500) };
    return token;
  };
  return {
    get: async () => {
      if (held !== undefined && options.clock().getTime() < held.until) return held.token;
      asking ??= ask().finally(() => {
        asking = undefined;
      });
      return asking;
    },
    drop: () => {
      held = undefined;
    },
  };
}

async function requestToken({ tokenUrl, appId, password }: BotTokenOptions): Promise<z.output<typeof answer>> {
  const body = new URLSearchParams({ grant_type: "client_credentials", client_id: appId, client_secret: password, scope: SCOPE });
  try {
    const response = await fetch(tokenUrl, { method: "POST", body, redirect: "error", signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (!response.ok) throw new Error(`it answered ${response.status}`);
    return answer.parse(await response.json());
  } catch (cause) {
    throw new RetryableDeliveryError("no token for teams", { cause });
  }
}
