import ipaddr from "ipaddr.js";

/** Global unicast: all that is handed out to the public internet of IPv6. */
const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR("2000::/3");

/** Public by its range, but answered inside a cloud. */
const CLOUD_ADDRESSES: ReadonlySet<string> = new Set(["168.63.129.16"]);

/**
 * True for addresses of the public internet only. Loopback, private, link-local (where clouds keep their metadata), carrier-grade NAT, unique-local, multicast,
 * reserved and documentation ranges are not, nor is any form that carries an IPv4 address inside an IPv6 one (mapped, NAT64, 6to4, Teredo).
 */
export function isPublicAddress(text: string): boolean {
  if (!ipaddr.isValid(text) || text.includes("%")) return false;
  const address = ipaddr.parse(text);
  if (address.range() !== "unicast" || CLOUD_ADDRESSES.has(address.toString())) return false;
  return address instanceof ipaddr.IPv4 ? ipaddr.IPv4.isValidFourPartDecimal(text) : address.match(GLOBAL_UNICAST);
}
