import { describe, expect, it } from "vitest";
import { RetryableDeliveryError, TerminalDeliveryError } from "../../usecases/channel.ts";
import { sampleDelivery } from "../../testing/sample-review.ts";
import { webhookReceiver } from "../../testing/webhook-receiver.ts";
import { post } from "./post.ts";
import { isPublicAddress } from "./public-address.ts";
import { urlProblem, vetTarget, type Resolver } from "./target.ts";
import { webhookChannel } from "./webhook-channel.ts";

const SECRET = `whsec_${Buffer.alloc(24, 1).toString("base64")}`;
const PUBLIC = { address: "93.184.215.14", family: 4 };
const PRIVATE = { address: "127.0.0.1", family: 4 };
const none = { allowedHosts: [] };

describe("isPublicAddress", () => {
  it.each(["93.184.215.14", "1.1.1.1", "2606:4700:4700::1111", "2a00:1450:4001:81b::200e"])("accepts %s", (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });

  it.each([
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "169.254.169.254",
    "169.254.170.2",
    "100.64.0.1",
    "100.100.100.200",
    "192.0.0.192",
    "192.0.2.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "192.88.99.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "168.63.129.16",
    "::",
    "::1",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "fd00:ec2::254",
    "ff02::1",
    "2001:db8::1",
    "2001::1",
    "2002:7f00:1::",
    "64:ff9b::7f00:1",
    "64:ff9b:1::1",
    "100::1",
    "::ffff:127.0.0.1",
    "::ffff:93.184.215.14",
    "::ffff:7f00:1",
    "::127.0.0.1",
    "::5db8:d70e",
    "fec0::1",
    "3fff::1",
    "5f00::1",
    "2130706433",
    "0177.0.0.1",
    "0x7f.1",
    "127.1",
    "",
    "localhost",
    "1.2.3.4.5",
  ])("P7: refuses %s", (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });
});

describe("urlProblem", () => {
  it.each(["https://example.com/hook?x=1", "https://example.com:8443/", "https://93.184.215.14/", "https://[2606:4700:4700::1111]/"])(
    "accepts %s",
    (url) => {
      expect(urlProblem(url, none)).toBeUndefined();
    },
  );

  it.each([
    ["not a url", "is not a URL"],
    ["http://example.com/", "https"],
    ["ftp://example.com/", "https"],
    ["file:///etc/passwd", "https"],
    ["https://user@example.com/", "user name"],
    ["https://user:secret@example.com/", "user name"],
    ["https://example.com#@127.0.0.1/", "fragment"],
    ["https://example.com:22/", "port"],
    ["https://example.com:80/", "port"],
    ["https://127.0.0.1/", "private"],
    ["https://2130706433/", "private"],
    ["https://0x7f000001/", "private"],
    ["https://0177.0.0.1/", "private"],
    ["https://127.1/", "private"],
    ["https://0/", "private"],
    ["https://\u2460\u2461\u2466.0.0.1/", "private"],
    ["https://[::1]/", "private"],
    ["https://[::ffff:169.254.169.254]/", "private"],
    ["https://169.254.169.254/latest/meta-data/", "private"],
  ])("P7: refuses %s", (url, problem) => {
    expect(urlProblem(url, none)).toContain(problem);
  });

  it("takes what the allow-list names with its port, and nothing near it", () => {
    const rules = { allowedHosts: ["127.0.0.1:9000", "hooks.internal:443"] };
    expect(urlProblem("http://127.0.0.1:9000/x", rules)).toBeUndefined();
    expect(urlProblem("https://hooks.internal/x", rules)).toBeUndefined();
    expect(urlProblem("http://127.0.0.1:9001/x", rules)).toContain("https");
    expect(urlProblem("http://hooks.internal/x", rules)).toContain("https");
    expect(urlProblem("ftp://127.0.0.1:9000/x", rules)).toContain("https");
  });
});

describe("vetTarget", () => {
  const always =
    (...addresses: readonly { address: string; family: number }[]): Resolver =>
    async () =>
      addresses;

  it("P7: refuses a host as soon as one of its addresses is private", async () => {
    await expect(vetTarget("https://example.com/", none, always(PUBLIC, PRIVATE))).rejects.toThrow("private network");
    await expect(vetTarget("https://example.com/", none, always({ address: "::ffff:10.0.0.1", family: 6 }))).rejects.toThrow(
      "private network",
    );
  });

  it("tells what may pass from what cannot", async () => {
    await expect(vetTarget("https://example.com/", none, always())).rejects.toThrow(RetryableDeliveryError);
    await expect(vetTarget("https://example.com/", none, () => Promise.reject(new Error("ENOTFOUND")))).rejects.toThrow(
      RetryableDeliveryError,
    );
    await expect(vetTarget("http://example.com/", none, always(PUBLIC))).rejects.toThrow(TerminalDeliveryError);
  });

  it("P7: a name that is public when checked and private when connected leads nowhere (DNS rebinding)", async () => {
    const answers = [[PUBLIC], [PRIVATE], [PRIVATE]];
    let asked = 0;
    const rebinding: Resolver = async () => answers[asked++] ?? [];
    const vetted = await vetTarget("https://rebind.example/", none, rebinding);
    expect(vetted.addresses).toEqual([PUBLIC]);
    expect(asked).toBe(1);
    await expect(vetTarget("https://rebind.example/", none, rebinding)).rejects.toThrow("private network");
  });

  it("connects to the vetted address and resolves nothing again", async () => {
    const receiver = await webhookReceiver(SECRET, () => "ok");
    const port = receiver.host.split(":")[1];
    let asked = 0;
    const resolver: Resolver = async () => (asked++ === 0 ? [PRIVATE] : [{ address: "127.0.0.2", family: 4 }]);
    const channel = webhookChannel({
      name: "hook",
      // A name that no DNS server knows: only the resolver above can have led here.
      url: `http://only-here.invalid:${port}/`,
      secrets: [SECRET],
      tenants: "all",
      events: ["ReviewOpened"],
      rules: { allowedHosts: [`only-here.invalid:${port}`] },
      clock: () => new Date(),
      resolver,
    });
    await channel.deliver(sampleDelivery(), AbortSignal.timeout(20_000));
    expect(receiver.received).toHaveLength(1);
    expect(asked).toBe(1);
    await receiver.close();
  });

  it("P7: without a vetted address there is no connection", async () => {
    const target = { url: new URL("http://localhost:9/"), addresses: [] };
    await expect(post(target, {}, "{}", AbortSignal.timeout(20_000))).rejects.toThrow(RetryableDeliveryError);
  });
});
