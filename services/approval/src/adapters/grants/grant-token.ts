import type { ActionRef } from "../../usecases/ports.ts";

/** Longer than any token that we sign, shorter than any that costs much to look at. */
const LONGEST = 4096;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/**
 * Where a token says that it belongs; undefined when it is not one of ours. Nothing of this is trusted: it finds the stream, whose recorded
 * hash of the whole token decides.
 */
export function addressOf(token: string): ActionRef | undefined {
  if (token.length > LONGEST) return undefined;
  const [, payload, signature, ...more] = token.split(".");
  if (payload === undefined || signature === undefined || more.length > 0) return undefined;
  const claims = parse(payload);
  if (typeof claims !== "object" || claims === null || !("tenant" in claims) || !("action_id" in claims)) return undefined;
  const { tenant, action_id: id } = claims;
  if (typeof tenant !== "string" || tenant === "" || tenant.length > 256) return undefined;
  return typeof id === "string" && UUID.test(id) ? { tenant, id } : undefined;
}

function parse(payload: string): unknown {
  try {
    return JSON.parse(Buffer.from(payload, "base64url").toString());
  } catch {
    return undefined;
  }
}
