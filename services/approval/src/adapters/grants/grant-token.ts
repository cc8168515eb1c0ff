import { z } from "zod";
import type { ActionRef } from "../../usecases/ports.ts";

/** Longer than any token that we sign, shorter than any that costs much to look at. */
const LONGEST = 4096;

const addressed = z.object({ tenant: z.string().min(1).max(256), action_id: z.uuid() });

/**
 * Where a token says that it belongs; undefined when it is not one of ours. Nothing of this is trusted: it finds the stream, whose recorded
 * hash of the whole token decides.
 */
export function addressOf(token: string): ActionRef | undefined {
  if (token.length > LONGEST) return undefined;
  const [, payload, signature, ...more] = token.split(".");
  if (payload === undefined || signature === undefined || more.length > 0) return undefined;
  const claims = addressed.safeParse(parse(payload));
  return claims.success ? { tenant: claims.data.tenant, id: claims.data.action_id } : undefined;
}

function parse(payload: string): unknown {
  try {
    return JSON.parse(Buffer.from(payload, "base64url").toString());
  } catch {
    return undefined;
  }
}
