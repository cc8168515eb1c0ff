import { invalid } from "./input-from-proto.ts";

/** Opaque to callers: the last revision of the page. */
export function toPageToken(next: number | undefined): string {
  return next === undefined ? "" : Buffer.from(`before:${next}`).toString("base64url");
}

/** @throws CommandError on a token that we did not make. */
export function readPageToken(token: string): number | undefined {
  if (token === "") return undefined;
  const before = /^before:(\d{1,15})$/.exec(Buffer.from(token, "base64url").toString())?.[1];
  if (before === undefined) throw invalid([{ field: "page_token", description: "must come from the reply before" }]);
  return Number(before);
}
