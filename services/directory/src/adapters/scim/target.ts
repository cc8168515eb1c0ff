import type { ScimRequest } from "./request.ts";
import { ScimError } from "./scim-error.ts";

/** Every path begins with it. */
export const SCIM_BASE = "/scim/v2";

/** What a request's target names: the path behind the base, decoded, and the query. @throws ScimError 404 for whatever lies elsewhere */
export function targetOf(target: string): Pick<ScimRequest, "path" | "query"> {
  const url = URL.parse(target, "http://localhost");
  if (url === null || !url.pathname.startsWith(`${SCIM_BASE}/`)) throw notFound();
  const segments = url.pathname.slice(SCIM_BASE.length + 1).split("/");
  return { path: segments.map(decoded), query: url.searchParams };
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw notFound();
  }
}

const notFound = (): ScimError => new ScimError(404, "there is no such resource");
