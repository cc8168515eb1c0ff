import { afterEach, describe, expect, it } from "vitest";
import { RetryableDeliveryError, TerminalDeliveryError } from "../../usecases/channel.ts";
import { sampleDelivery, sampleReview } from "../../testing/sample-review.ts";
import { webhookReceiver, type Behaviour, type WebhookReceiver } from "../../testing/webhook-receiver.ts";
import { LARGEST_PAYLOAD, webhookPayload } from "./payload.ts";
import { isWebhookSecret, signatureHeaders } from "./signature.ts";
import { retryAfterMs } from "../retry-after.ts";
import { webhookChannel } from "./webhook-channel.ts";

const OLD = `whsec_${Buffer.alloc(24, 1).toString("base64")}`;
const NEW = `whsec_${Buffer.alloc(32, 2).toString("base64")}`;

let receiver: WebhookReceiver | undefined;
afterEach(() => receiver?.close());

async function deliverTo(behaviour: Behaviour, secrets = [OLD]) {
  receiver = await webhookReceiver(OLD, () => behaviour);
  const channel = webhookChannel({
    name: "hook",
    url: receiver.url,
    secrets,
    tenants: "all",
    events: ["ReviewOpened"],
    rules: { allowedHosts: [receiver.host] },
    clock: () => new Date(),
  });
  return channel.deliver(sampleDelivery(), AbortSignal.timeout(behaviour === "hang" ? 200 : 20_000));
}

describe("webhook", () => {
  it.each<[string, string[]]>([
    ["the secret", [OLD]],
    ["the old of two secrets", [NEW, OLD]],
  ])("is taken by a receiver that knows %s", async (_which, secrets) => {
    await deliverTo("ok", secrets);
    expect(receiver?.forged).toEqual([]);
    expect(receiver?.received).toMatchObject([
      {
        id: "0198c5f0-0000-7000-8000-0000000000ee",
        payload: {
          type: "action.ReviewOpened",
          timestamp: "2026-01-01T00:00:00.000Z",
          data: { action_id: sampleReview.id, tenant: "acme", status: "in review", version: 3 },
        },
      },
    ]);
  });

  it("is refused by a receiver that knows another secret", async () => {
    await expect(deliverTo("ok", [NEW])).rejects.toThrow("answered 401");
    expect(receiver?.forged).toHaveLength(1);
  });

  it.each<[Behaviour, string]>([
    ["500", "answered 500"],
    ["429", "answered 429"],
    ["redirect", "answered 307"],
    ["hang", "no answer in time"],
    ["reset", "ECONNRESET"],
    ["garbage", "no answer: HPE"],
  ])("P7: %s is not a delivery", async (behaviour, message) => {
    const outcome = deliverTo(behaviour);
    await expect(outcome).rejects.toThrow(RetryableDeliveryError);
    await expect(outcome).rejects.toThrow(message);
  });

  it("follows no redirect", async () => {
    await expect(deliverTo("redirect")).rejects.toThrow();
    expect(receiver?.received.map((request) => request.path)).toEqual(["/hook"]);
  });

  it("waits as long as Retry-After says", async () => {
    await expect(deliverTo("429")).rejects.toMatchObject({ delayMs: 1000 });
  });

  it("gives the channel up on 410", async () => {
    const outcome = deliverTo("gone");
    await expect(outcome).rejects.toThrow(TerminalDeliveryError);
    await expect(outcome).rejects.toMatchObject({ disablesChannel: true });
  });

  it.each<Behaviour>(["slow", "endless-body"])("takes a 2xx from a receiver with a %s answer and reads no more", async (behaviour) => {
    await expect(deliverTo(behaviour)).resolves.toEqual({});
  });
});

describe("signatureHeaders", () => {
  it("agrees with the example of the specification's reference libraries", () => {
    const headers = signatureHeaders(
      ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
      "msg_p5jXN8AQM9LWM0D4loKWxJek",
      new Date(1_614_265_330_000),
      '{"test": 2432232314}',
    );
    expect(headers["webhook-signature"]).toBe("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
  });

  it.each([
    ["whsec_" + Buffer.alloc(24).toString("base64"), true],
    ["whsec_" + Buffer.alloc(64).toString("base64"), true],
    ["whsec_" + Buffer.alloc(23).toString("base64"), false],
    ["whsec_" + Buffer.alloc(65).toString("base64"), false],
    ["whsec_not base64", false],
    [Buffer.alloc(32).toString("base64"), false],
  ])("accepts secrets of 24 to 64 bytes: %s %s", (secret, valid) => {
    expect(isWebhookSecret(secret)).toBe(valid);
  });
});

describe("webhookPayload", () => {
  const huge = Object.fromEntries(Array.from({ length: 3000 }, (_, index) => [`parameter_${index}`, "\u202e".repeat(40)]));

  it("stays below 20 KB whatever comes, says what is missing and keeps ids, digest and status", () => {
    const source = {
      ...sampleReview,
      input: { ...sampleReview.input!, action: { name: "x".repeat(128), properties: { ...huge, text: "z".repeat(100_000) } } },
    };
    const body = webhookPayload(sampleDelivery(source));
    expect(Buffer.byteLength(body)).toBeLessThanOrEqual(LARGEST_PAYLOAD);
    const { data } = JSON.parse(body) as { data: { parameters: { members: unknown[]; more: number } } };
    expect(data).toMatchObject({
      action_id: source.id,
      digest: source.digest,
      version: 3,
      status: "in review",
      decide: { quorum: { text: "1 of dpo" } },
    });
    expect(data.parameters.members.length + data.parameters.more).toBe(3001 + 5 + 1);
  });

  it("P7: holds no secret and no grant", () => {
    const source = {
      ...sampleReview,
      input: { ...sampleReview.input!, action: { name: "x", properties: { password: "hunter2", url: "https://u:hunter2@host/" } } },
    };
    expect(webhookPayload(sampleDelivery(source))).not.toMatch(/hunter2|salt|grant/);
  });
});

describe("retryAfterMs", () => {
  const now = new Date("2026-01-01T00:00:00Z");
  it.each<[string | undefined, number | undefined]>([
    ["120", 120_000],
    ["Thu, 01 Jan 2026 00:01:00 GMT", 60_000],
    ["Thu, 01 Jan 2015 00:01:00 GMT", 0],
    ["soon", undefined],
    ["-5", undefined],
    [undefined, undefined],
  ])("reads %s", (header, delay) => {
    expect(retryAfterMs(header, now)).toBe(delay);
  });
});
