import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { RetryableDeliveryError, TerminalDeliveryError } from "../../usecases/channel.ts";
import { isPublicAddress } from "./public-address.ts";

/** All addresses of a host name. */
export type Resolver = (host: string) => Promise<readonly { readonly address: string; readonly family: number }[]>;

/** By the system's resolver, so that /etc/hosts and search domains count as they do for everybody else. */
export const systemResolver: Resolver = (host) => lookup(host, { all: true, order: "verbatim" });

/** Where webhooks may go. */
export type TargetRules = {
  /** `host:port` that are taken as they are, also with http and private addresses: for development and for receivers in one's own network. */
  readonly allowedHosts: readonly string[];
};

const PORTS: ReadonlySet<string> = new Set(["", "8443"]);

/** Says what is wrong with a webhook's URL, or nothing. Addresses behind a name are looked at when it is used. */
export function urlProblem(text: string, rules: TargetRules): string | undefined {
  const url = URL.parse(text);
  if (url === null) return "is not a URL";
  if (url.username !== "" || url.password !== "") return "must not hold a user name or password";
  if (url.hash !== "") return "must not have a fragment";
  if (isAllowedHost(url, rules)) return url.protocol === "https:" || url.protocol === "http:" ? undefined : "must be an https URL";
  if (url.protocol !== "https:") return "must be an https URL";
  if (!PORTS.has(url.port)) return "must use port 443 or 8443";
  const host = bareHost(url);
  if (isIP(host) !== 0 && !isPublicAddress(host)) return "must not point into a private network";
  return undefined;
}

/** The addresses to connect to, every one of them vetted. */
export type VettedTarget = { readonly url: URL; readonly addresses: readonly { readonly address: string; readonly family: number }[] };

/**
 * Resolves a webhook's host and refuses it if any of its addresses is not public. The caller must connect to these addresses and resolve nothing again: a name
 * that answers differently the second time would lead past the check.
 * @throws TerminalDeliveryError when the URL or an address is refused; RetryableDeliveryError when the name has no address now.
 */
export async function vetTarget(text: string, rules: TargetRules, resolve: Resolver): Promise<VettedTarget> {
  const problem = urlProblem(text, rules);
  if (problem !== undefined) throw new TerminalDeliveryError(`the URL ${problem}`);
  const url = new URL(text);
  const host = bareHost(url);
  const family = isIP(host);
  const addresses = family === 0 ? await resolveHost(host, resolve) : [{ address: host, family }];
  if (!isAllowedHost(url, rules) && !addresses.every(({ address }) => isPublicAddress(address))) {
    // Names can point to a private address for a moment only, by mistake or as an attack: come back later, connect never.
    throw new RetryableDeliveryError("the host resolves into a private network");
  }
  return { url, addresses };
}

async function resolveHost(host: string, resolve: Resolver) {
  const addresses = await resolve(host).catch((cause: unknown) => {
    throw new RetryableDeliveryError("the host cannot be resolved", { cause });
  });
  if (addresses.length === 0) throw new RetryableDeliveryError("the host has no address");
  return addresses;
}

function isAllowedHost(url: URL, rules: TargetRules): boolean {
  const port = url.port === "" ? { "https:": "443", "http:": "80" }[url.protocol] : url.port;
  return rules.allowedHosts.includes(`${url.hostname}:${port}`);
}

/** Without the brackets of an IPv6 literal. WHATWG has already turned decimal, octal and hexadecimal forms into four decimal parts. */
function bareHost(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, "$1");
}
