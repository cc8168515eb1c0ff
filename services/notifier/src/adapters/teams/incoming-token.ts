import { createRemoteJWKSet, jwtVerify } from "jose";
import { z } from "zod";

const metadata = z.looseObject({ jwks_uri: z.url() });

const ISSUER = "https://api.botframework.com";
const CHANNEL = "msteams";
const SKEW_S = 30;
const TIMEOUT_MS = 3000;
/** Microsoft asks to read the metadata anew every day. */
const METADATA_MS = 86_400_000;

/** What an activity has to say for its token to fit. */
export type TokenBearer = { readonly serviceUrl: string; readonly channelId: string };

/** True for a token that the Bot Framework made for this bot, with a key that it endorses for Teams, and for this activity's service. */
export type IncomingTokens = { isGenuine(authorization: string | undefined, activity: TokenBearer): Promise<boolean> };

/**
 * The checks of "Authenticate requests from the Bot Connector service to your bot".
 * @param openIdUrl `https://login.botframework.com/v1/.well-known/openidconfiguration`.
 */
export function incomingTokens(appId: string, openIdUrl: string, clock: () => Date): IncomingTokens {
  let keys: { readonly set: ReturnType<typeof createRemoteJWKSet>; readonly until: number } | undefined;
  const keySet = async (): Promise<ReturnType<typeof createRemoteJWKSet>> => {
    const now = clock().getTime();
    if (keys === undefined || keys.until < now) {
      const response = await fetch(openIdUrl, { redirect: "error", signal: AbortSignal.timeout(TIMEOUT_MS) });
      const { jwks_uri: uri } = metadata.parse(await response.json());
      keys = { set: createRemoteJWKSet(new URL(uri), { timeoutDuration: TIMEOUT_MS }), until: now + METADATA_MS };
    }
    return keys.set;
  };
  return {
    isGenuine: async (authorization, { serviceUrl, channelId }) => {
      const [, token] = /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/.exec(authorization ?? "") ?? [];
      if (token === undefined || channelId !== CHANNEL) return false;
      const set = await keySet();
      const verified = await jwtVerify(token, set, {
        issuer: ISSUER,
        audience: appId,
        algorithms: ["RS256"],
        clockTolerance: SKEW_S,
        currentDate: clock(),
        requiredClaims: ["exp", "serviceurl"],
      }).catch(() => undefined);
      if (verified === undefined || verified.payload["serviceurl"] !== serviceUrl) return false;
      const key = set.jwks()?.keys.find(({ kid }) => kid === verified.protectedHeader.kid);
      const endorsements: unknown = key === undefined ? undefined : Reflect.get(key, "endorsements");
      return Array.isArray(endorsements) && endorsements.includes(CHANNEL);
    },
  };
}
