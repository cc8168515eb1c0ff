import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { create, toBinary } from "@bufbuild/protobuf";
import { ActionStatus } from "@countersign/proto/v1/action_pb";
import { GetGrantKeysResponseSchema } from "@countersign/proto/v1/action_service_pb";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { GatewayFixture } from "./testing/gateway-fixture.ts";
import { PlayedAction } from "./testing/played-action.ts";

const buf = join(import.meta.dirname, "../../../node_modules/.bin/buf");
const run = promisify(execFile);

let fixture: GatewayFixture;
let authorization: string;

beforeAll(async () => {
  fixture = await GatewayFixture.start();
  authorization = `authorization: Bearer ${await fixture.token(["requester"])}`;
  fixture.answers["GetGrantKeys"] = async () =>
    toBinary(GetGrantKeysResponseSchema, create(GetGrantKeysResponseSchema, { jwks: '{"keys":[]}' }));
});
afterAll(() => fixture.close());

const curl = (path: string, ...rest: string[]) =>
  run(buf, ["curl", "--protocol", "grpc", "--http2-prior-knowledge", "--reflect", ...rest, `http://${fixture.gateway.address}${path}`]);

describe("a client that we did not write (buf curl, with nothing but reflection)", () => {
  it.each(["grpc-v1", "grpc-v1alpha"])("lists every method by %s", async (protocol) => {
    const { stdout } = await curl("", "--reflect-protocol", protocol, "--list-methods");
    expect(stdout.split("\n")).toEqual(
      expect.arrayContaining([
        "countersign.v1.ActionService/RequestAction",
        "countersign.v1.AuditService/StreamEvents",
        "grpc.health.v1.Health/Check",
      ]),
    );
  });

  it("calls a method", async () => {
    const { stdout } = await curl("/countersign.v1.ActionService/GetGrantKeys", "-H", authorization, "-d", "{}");
    expect(JSON.parse(stdout)).toEqual({ jwks: '{"keys":[]}' });
  });

  it("asks, and hears of the decision in the same call", async () => {
    const action = new PlayedAction();
    fixture.answers["RequestAndWatch"] = async (command) => {
      const reply = await action.request(command);
      action.moveTo(ActionStatus.APPROVED);
      return reply;
    };
    fixture.answers["WatchAction"] = action.watch;
    const asked = JSON.stringify({ input: { action: { name: "db.export" }, resource: { type: "db", id: "crm" } }, idempotencyKey: "k" });
    const { stdout } = await curl("/countersign.v1.ActionService/RequestAndWatch", "-H", authorization, "-d", asked);
    const told: unknown[] = stdout
      .trim()
      .split(/\n(?=\{)/)
      .map((text) => JSON.parse(text) as unknown);
    expect(told).toMatchObject([
      { requested: { action: { status: "ACTION_STATUS_IN_REVIEW" } } },
      { changed: { action: { status: "ACTION_STATUS_APPROVED" }, grantToken: "a.grant.token" } },
    ]);
  });

  it("is told what is wrong, in messages that it can decode", async () => {
    const attempt = curl("/countersign.v1.ActionService/RequestAction", "-H", authorization, "-d", '{"input":{"action":{"name":"Nope"}}}');
    const { stderr } = (await attempt.catch((error: unknown) => error)) as { stderr: string };
    expect(JSON.parse(stderr)).toMatchObject({
      code: "invalid_argument",
      details: [{ type: "google.rpc.ErrorInfo" }, { type: "google.rpc.BadRequest" }],
    });
  });

  it("checks our health", async () => {
    const { stdout } = await curl("/grpc.health.v1.Health/Check", "-d", '{"service":"countersign.v1.ActionService"}');
    expect(JSON.parse(stdout)).toEqual({ status: "SERVING" });
  });
});
