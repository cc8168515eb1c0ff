import http, { type ClientRequest, type IncomingMessage, type RequestOptions } from "node:http";
import https from "node:https";
import type { LookupFunction } from "node:net";
import { RetryableDeliveryError } from "../../usecases/channel.ts";
import type { VettedTarget } from "./target.ts";

/** What counts of an answer. */
export type PostAnswer = { readonly status: number; readonly retryAfter: string | undefined };

/** Of a body that nobody reads. */
const LARGEST_BODY = 16 * 1024;

/**
 * Posts to vetted addresses only, on a connection of its own: no pool, no proxy, no redirect, no second look-up. Resolves with the status line and drops the body.
 * @throws RetryableDeliveryError when there was no answer: the receiver may have the message or not.
 */
export function post(
  target: VettedTarget,
  headers: Readonly<Record<string, string>>,
  body: string,
  signal: AbortSignal,
): Promise<PostAnswer> {
  const { url } = target;
  const options: RequestOptions = {
    method: "POST",
    headers: {
      ...headers,
      "content-type": "application/json",
      "content-length": Buffer.byteLength(body),
      connection: "close",
      "user-agent": "Countersign",
    },
    agent: false,
    lookup: pinned(target),
    signal,
    maxHeaderSize: 16 * 1024,
  };
  return new Promise((resolve, reject) => {
    const fail = (cause: Error): void => reject(new RetryableDeliveryError(failureText(cause, signal), { cause }));
    const onAnswer = (response: IncomingMessage): void => {
      // From here on an error only ends a body that is not wanted.
      response.on("error", () => {});
      drain(response, request);
      resolve({ status: response.statusCode ?? 0, retryAfter: response.headers["retry-after"] });
    };
    const request: ClientRequest = url.protocol === "https:" ? https.request(url, options, onAnswer) : http.request(url, options, onAnswer);
    request.on("error", fail);
    // 1xx is no answer: keep waiting, the time limit stands.
    request.end(body);
  });
}

/** Node calls this in place of DNS; host names that are addresses never get here. */
function pinned(target: VettedTarget): LookupFunction {
  const [first] = target.addresses;
  return (_host, options, callback) => {
    if (first === undefined) callback(new Error("no address"), "");
    else if (options.all === true) callback(null, [...target.addresses]);
    else callback(null, first.address, first.family);
  };
}

function drain(response: IncomingMessage, request: ClientRequest): void {
  let size = 0;
  response.on("data", (chunk: Buffer) => {
    size += chunk.length;
    if (size > LARGEST_BODY) request.destroy();
  });
}

function failureText(cause: Error, signal: AbortSignal): string {
  if (signal.aborted) return "no answer in time";
  return "code" in cause && typeof cause.code === "string" ? `no answer: ${cause.code}` : "no answer";
}
