import { CommandError } from "@countersign/bus";
import { ActionService } from "@countersign/proto/v1/action_service_pb";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { GatewayFixture } from "./testing/gateway-fixture.ts";

const { getGrantKeys } = ActionService.method;

let fixture: GatewayFixture;
let authorization: string;

beforeEach(() => start({}));

async function start(env: NodeJS.ProcessEnv): Promise<void> {
  fixture = await GatewayFixture.start(env);
  authorization = `Bearer ${await fixture.token(["requester"])}`;
}

async function startAgain(env: NodeJS.ProcessEnv): Promise<void> {
  await fixture.close();
  await start({ COUNTERSIGN_DRAIN_TIME: "100ms", ...env });
}

afterEach(() => fixture.close());

const call = (timeoutMs?: number) => fixture.call(getGrantKeys, new Uint8Array(), { authorization }, timeoutMs);

describe("the services' refusals", () => {
  it("reach the caller with code, reason, violations and metadata", async () => {
    const violations = [{ field: "document", description: "does not compile" }];
    fixture.answers["GetGrantKeys"] = async () => {
      throw new CommandError("FAILED_PRECONDITION", "STALE_VERSION", "Look again.", { metadata: { version: "7" }, violations });
    };
    expect(await call()).toMatchObject({
      code: "FAILED_PRECONDITION",
      error: { message: "Look again.", reason: "STALE_VERSION", metadata: { version: "7" }, violations, retryable: false },
    });
  });

  it("keep to themselves what they did not mean to say", async () => {
    fixture.answers["GetGrantKeys"] = async () => {
      throw new Error("password=hunter2");
    };
    const { code, error } = await call();
    expect([code, error?.reason, error?.message.includes("hunter2")]).toEqual(["INTERNAL", "BUG", false]);
  });
});

describe("P4: a service that died with a command in hand", () => {
  it("is reported while the caller has time to repeat the call, as an outcome that nobody knows", async () => {
    await startAgain({ COUNTERSIGN_ANSWER_TIMEOUT: "300ms" });
    fixture.answers["GetGrantKeys"] = () => new Promise(() => {});
    const { code, error } = await call();
    expect([code, error?.reason, error?.retryable, error?.effect]).toEqual(["UNAVAILABLE", "LINK_LOST", true, "unknown"]);
  });
});

describe("deadlines", () => {
  it("travel to the service", async () => {
    await startAgain({});
    fixture.answers["GetGrantKeys"] = () => new Promise(() => {});
    expect((await call(100)).code).toBe("DEADLINE_EXCEEDED");
  });

  it("P7: of a service that never answers are not waited for", async () => {
    await startAgain({ COUNTERSIGN_CALL_TIMEOUT: "200ms" });
    fixture.answers["GetGrantKeys"] = () => new Promise(() => {});
    expect(await call(Infinity)).toMatchObject({ code: "DEADLINE_EXCEEDED" });
  });
});

describe("closing", () => {
  it("finishes what is under way and refuses the rest", async () => {
    let release = (): void => {};
    const gate = new Promise<void>((resolve) => (release = resolve));
    fixture.answers["GetGrantKeys"] = () => gate.then(() => Uint8Array.of(9));
    const held = call();
    await vi.waitFor(() => expect(fixture.sent).toHaveLength(1), { timeout: 20_000, interval: 2 });
    const closing = fixture.gateway.close();
    expect(await call()).toMatchObject({ code: "UNAVAILABLE", error: { retryable: true } });
    release();
    expect(await held).toMatchObject({ code: "OK", reply: Buffer.of(9) });
    await closing;
    expect(fixture.sent).toHaveLength(1);
  });
});
