import type { IncomingMessage } from "node:http";
import { ScimError } from "./scim-error.ts";
import type { Json } from "./values.ts";

const MAX_BODY_BYTES = 1024 * 1024;

/** The JSON of a request, if it has a body. @throws ScimError */
export async function readBody(request: IncomingMessage): Promise<Json | undefined> {
  const tooLarge = new ScimError(413, `the body has more than ${MAX_BODY_BYTES} bytes`);
  if (Number(request.headers["content-length"] ?? 0) > MAX_BODY_BYTES) throw tooLarge;
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw tooLarge;
    chunks.push(chunk);
  }
  if (size === 0) return undefined;
  const [type = ""] = (request.headers["content-type"] ?? "").split(";");
  if (!["application/scim+json", "application/json"].includes(type.trim().toLowerCase())) {
    throw new ScimError(415, "the body must be application/scim+json or application/json");
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8")) as Json;
  } catch {
    throw new ScimError(400, "the body is not JSON", "invalidSyntax");
  }
}

/** The body of a method that is nothing without one. @throws ScimError */
export function required(body: Json | undefined): Json {
  if (body === undefined) throw new ScimError(400, "a JSON body is required", "invalidSyntax");
  return body;
}
