import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { timestampFromDate, type Timestamp } from "@bufbuild/protobuf/wkt";
import { CommandError } from "@countersign/bus";
import * as wire from "@countersign/proto/internal/v1/directory_pb";
import { VerdictOutcome } from "@countersign/proto/v1/action_pb";
import * as proto from "@countersign/proto/v1/policy_service_pb";
import { PrincipalType } from "@countersign/proto/v1/principal_pb";
import { createHash } from "node:crypto";
import { afterEach, describe, expect, it, vi } from "vitest";
import { TenantTime } from "./adapters/tenant-time.ts";
import { starterPolicy } from "./starter-policy.ts";
import { admin, agent, documentOf, exportAction, issuer, now, startInstance, stopInstances } from "./testing/instance.ts";

afterEach(stopInstances);

describe("publishing and activating", () => {
  it("numbers revisions and keeps text, publisher and digest", async () => {
    const { publish, call } = await startInstance();
    const text = starterPolicy();
    const { revision } = await publish(text);
    expect(revision).toMatchObject({ revision: 1n, document: text, publisher: { issuer, id: "ada" }, active: false });
    expect(Buffer.from(revision!.documentDigest)).toEqual(createHash("sha256").update(text).digest());
    const got = await call("GetPolicy", agent, [proto.GetPolicyRequestSchema, { revision: 1n }], proto.GetPolicyResponseSchema);
    expect(got.revision).toEqual(revision);
  });

  it("returns the newest revision when its text is published again", async () => {
    const { publish, inner } = await startInstance();
    await publish(documentOf("a"));
    expect((await publish(documentOf("a"))).revision?.revision).toBe(1n);
    expect(await inner.nextPosition()).toBe(1);
    await publish(documentOf("b"));
    expect((await publish(documentOf("a"))).revision?.revision).toBe(3n);
  });

  it("refuses a document with every problem and records nothing", async () => {
    const { publish, inner } = await startInstance();
    await expect(publish(documentOf("a").replace("name: all", "nam: all, when: 'x'"))).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      reason: "FIELD_VIOLATION",
      violations: [
        { field: "rules[0].name", description: "line 4: is required" },
        { field: "rules[0].nam", description: "line 4: unknown member; known are name, match, when, outcome, reason, review, grant" },
        { field: "rules[0].when", description: 'line 4: unknown name "x"; known are principal, subject, action, resource, context, now' },
      ],
    });
    expect(await inner.nextPosition()).toBe(0);
  });

  it("only checks a document where that is all that is asked", async () => {
    const { call, inner } = await startInstance();
    const check = (document: string, caller = admin) =>
      call(
        "PublishPolicy",
        caller,
        [proto.PublishPolicyRequestSchema, { document, validateOnly: true }],
        proto.PublishPolicyResponseSchema,
      );
    const { revision } = await check(documentOf("a"));
    expect(revision).toMatchObject({ revision: 0n, active: false, document: "" });
    expect(Buffer.from(revision!.documentDigest)).toEqual(createHash("sha256").update(documentOf("a")).digest());
    await expect(check("rules: []")).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    await expect(check(documentOf("a"), agent)).rejects.toMatchObject({ reason: "ROLE_MISSING" });
    expect(await inner.nextPosition()).toBe(0);
  });

  describe("warns of reviewers who are nobody", () => {
    const document = `apiVersion: countersign.dev/v1
kind: Policy
metadata: { name: a }
defaults: { review: { groups: [sre], people: [ann, "urn:idp#bob"], on_call: [night] } }
rules:
  - { name: exports, outcome: review, review: { groups: [data-owner], resource_owner: true, break_glass: { groups: [chiefs] } } }
  - { name: drops, outcome: review, review: { quorum: "1 of data-owner and 1 of dba", escalate: { after: 5m, to: { groups: [bosses] } } } }
`;
    const managed = { managedTenants: ["acme"], withoutDirectory: false, timeoutMs: 20_000 };

    it("in the tenant's directory, whatever the part that names them", async () => {
      const { publish, commands } = await startInstance(undefined, managed);
      const asked: wire.ListReviewersRequest[] = [];
      await commands.serve("directory", {
        ListReviewers: async ({ request, caller }) => {
          expect(caller).toMatchObject({ tenant: "acme", id: "policy" });
          asked.push(fromBinary(wire.ListReviewersRequestSchema, request));
          const unknown = {
            unknownGroups: ["data-owner", "chiefs", "bosses"],
            unknownPersonIds: ["ann"],
            unknownSchedules: ["night", "day"],
          };
          return toBinary(wire.ListReviewersResponseSchema, create(wire.ListReviewersResponseSchema, { managed: true, ...unknown }));
        },
      });
      expect((await publish(document)).warnings).toEqual([
        'rule "exports" asks group "data-owner", in which the directory has nobody',
        'rule "exports" asks group "chiefs", in which the directory has nobody',
        'rule "drops" asks group "bosses", in which the directory has nobody',
        'defaults.review asks "ann", who is nobody in the directory',
        'defaults.review asks schedule "night", which cannot be read',
      ]);
      expect(asked).toMatchObject([
        {
          groups: ["data-owner", "chiefs", "dba", "bosses", "sre"],
          personIds: ["ann"],
          schedules: ["night"],
          time: timestampFromDate(now),
        },
      ]);
      expect((await publish(documentOf("a"))).warnings).toEqual([]);
      expect(asked).toHaveLength(1);
    });

    it("not for a tenant that keeps its people elsewhere, and publishes although the directory does not answer", async () => {
      expect((await (await startInstance()).publish(document)).warnings).toEqual([]);
      const { publish, inner } = await startInstance(undefined, managed);
      expect((await publish(document)).warnings).toEqual([
        "whether its reviewers exist could not be checked: the directory does not answer",
      ]);
      expect(await inner.nextPosition()).toBe(1);
    });

    it("and says that it published, although the directory's log is corrupt", async () => {
      const { publish, commands } = await startInstance(undefined, managed);
      await commands.serve("directory", { ListReviewers: () => Promise.reject(new CommandError("DATA_LOSS", "LOG_CORRUPT", "no")) });
      const { revision, warnings } = await publish(document);
      expect(revision).toMatchObject({ revision: 1n });
      expect(warnings).toEqual(["whether its reviewers exist could not be checked: the directory's log is corrupt"]);
    });
  });

  it("activates quietly what is active, and nothing that is not there", async () => {
    const { publish, activate, inner } = await startInstance();
    await publish(documentOf("a"));
    expect(await activate(1)).toMatchObject({ revision: { revision: 1n, active: true }, previousRevision: 0n });
    expect(await activate(1)).toMatchObject({ revision: { revision: 1n, active: true }, previousRevision: 1n });
    expect(await inner.nextPosition()).toBe(2);
    await expect(activate(2)).rejects.toMatchObject({ code: "NOT_FOUND", message: "there is no policy revision 2; the newest is 1" });
    await expect(activate(0)).rejects.toMatchObject({ code: "NOT_FOUND", message: "there is no policy revision 0; the newest is 1" });
  });

  it("lets only policy admins change or try policies", async () => {
    const { publish, activate, call, inner } = await startInstance();
    const refused = { code: "PERMISSION_DENIED", reason: "ROLE_MISSING" };
    await expect(publish(documentOf("a"), agent)).rejects.toMatchObject(refused);
    await expect(activate(1, agent)).rejects.toMatchObject(refused);
    await expect(call("TestPolicy", agent, [proto.TestPolicyRequestSchema, {}], proto.TestPolicyResponseSchema)).rejects.toMatchObject(
      refused,
    );
    await expect(
      call("PublishPolicy", undefined, [proto.PublishPolicyRequestSchema, {}], proto.PublishPolicyResponseSchema),
    ).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
    expect(await inner.nextPosition()).toBe(0);
  });

  it("P3: no agent puts rules in force, nor does anybody through one, whatever roles the token has", async () => {
    const { publish, activate, call } = await startInstance();
    const { AGENT, HUMAN, SERVICE } = PrincipalType;
    const somebody = { tenant: "acme", issuer, id: "ci", roles: ["policy_admin"] };
    const chain = [{ issuer, id: "ada" }];
    const pipeline = { ...somebody, type: SERVICE };
    for (const caller of [
      { ...somebody, type: AGENT },
      { ...somebody, type: AGENT, chain },
      { ...somebody, type: HUMAN, chain },
      { ...pipeline, chain },
    ]) {
      await publish(documentOf("mine"), caller);
      await expect(activate(1, caller)).rejects.toMatchObject({ code: "PERMISSION_DENIED", reason: "NOT_HUMAN" });
    }
    const inForce = call("GetPolicy", admin, [proto.GetPolicyRequestSchema, {}], proto.GetPolicyResponseSchema);
    await expect(inForce).rejects.toMatchObject({ code: "NOT_FOUND" });
    expect((await activate(1, pipeline)).revision?.active).toBe(true);
  });

  it("gives concurrent publishers different revisions", async () => {
    const { publish } = await startInstance();
    const revisions = await Promise.all(["a", "b", "c"].map(async (name) => (await publish(documentOf(name))).revision?.revision));
    expect(new Set(revisions)).toEqual(new Set([1n, 2n, 3n]));
  });

  it("lists revisions newest first, by page", async () => {
    const { publish, activate, call } = await startInstance();
    for (const name of ["a", "b", "c"]) await publish(documentOf(name));
    await activate(2);
    const list = (pageToken: string) =>
      call(
        "ListPolicyRevisions",
        agent,
        [proto.ListPolicyRevisionsRequestSchema, { pageSize: 2, pageToken }],
        proto.ListPolicyRevisionsResponseSchema,
      );
    const first = await list("");
    expect(first.revisions.map(({ revision, active, document }) => [revision, active, document])).toEqual([
      [3n, false, ""],
      [2n, true, ""],
    ]);
    const second = await list(first.nextPageToken);
    expect(second).toMatchObject({ revisions: [{ revision: 1n }], nextPageToken: "" });
    expect(first.revisions[0]).not.toHaveProperty("activator");
    expect(first.revisions[1]).toMatchObject({ activator: { issuer, id: "ada" }, activateTime: timestampFromDate(now) });
    expect(first.revisions[1]).not.toHaveProperty("replaceTime");
    await expect(list("bogus")).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  it("shows the revisions and the one in force as they were at a position or a time", async () => {
    const { publish, activate, call } = await startInstance();
    await publish(documentOf("a"));
    await activate(1);
    await publish(documentOf("b"));
    await activate(2, { ...admin, id: "eve" });
    const list = async (moment: { case: "position"; value: bigint } | { case: "time"; value: Timestamp } | { case: undefined }) => {
      const request = [proto.ListPolicyRevisionsRequestSchema, { at: { moment } }] as const;
      const { revisions } = await call("ListPolicyRevisions", agent, [...request], proto.ListPolicyRevisionsResponseSchema);
      return revisions.map(({ revision, active }) => [Number(revision), active]);
    };
    const at = async (position: number) => list({ case: "position", value: BigInt(position) });
    expect(await Promise.all([0, 1, 2, 3, 99].map(at))).toEqual([
      [[1, false]],
      [[1, true]],
      [
        [2, false],
        [1, true],
      ],
      [
        [2, true],
        [1, false],
      ],
      [
        [2, true],
        [1, false],
      ],
    ]);
    expect(await list({ case: "time", value: timestampFromDate(new Date(0)) })).toEqual([]);
    await expect(list({ case: undefined })).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    const then = { at: { moment: { case: "position", value: 2n } as const } };
    const get = (request: object) => call("GetPolicy", agent, [proto.GetPolicyRequestSchema, request], proto.GetPolicyResponseSchema);
    const past = (await get(then)).revision;
    expect(past).toMatchObject({ revision: 1n, active: true, activator: { id: "ada" } });
    expect(past).not.toHaveProperty("replaceTime");
    expect((await get({ revision: 1n })).revision).toMatchObject({ activator: { id: "ada" }, replaceTime: timestampFromDate(now) });
    expect((await get({})).revision).toMatchObject({ revision: 2n, activator: { id: "eve" } });
    await expect(get({ revision: 2n, at: { moment: { case: "position", value: 1n } } })).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  it("P8: documents that take the thread for long are turned away, and neither another tenant's nor verdicts", async () => {
    const { publish, activate, call, evaluate, time } = await startInstance();
    const test = (tenant: string) => {
      const request = { document: documentOf("a"), requester: agent, input: exportAction };
      return call("TestPolicy", { ...admin, tenant }, [proto.TestPolicyRequestSchema, request], proto.TestPolicyResponseSchema);
    };
    await publish(documentOf("a"));
    await activate(1);
    let ms = 0;
    let step = 10_000;
    Object.defineProperty(time, "ms", { get: () => (ms += step) });
    await test("acme");
    step = 0;
    await expect(test("acme")).rejects.toMatchObject({ reason: "OVERLOADED" });
    await expect(publish(documentOf("b"))).rejects.toMatchObject({ reason: "OVERLOADED" });
    await expect(activate(1)).rejects.toMatchObject({ reason: "OVERLOADED" });
    expect((await test("other")).verdict?.outcome).toBe(VerdictOutcome.ALLOW);
    expect((await evaluate()).verdict?.outcome).toBe(VerdictOutcome.ALLOW);
  });

  it("P8: what a verdict compiles, and what it does once it has waited for a read, is counted too", async () => {
    const { publish, activate, evaluate } = await startInstance();
    await publish(documentOf("a"));
    await activate(1);
    const count = vi.spyOn(TenantTime.prototype, "count");
    await evaluate();
    expect(count.mock.calls.map(([tenant]) => tenant)).toEqual(["acme", "acme", "acme"]);
    count.mockClear();
    await evaluate();
    expect(count).toHaveBeenCalledOnce();
    count.mockRestore();
  });

  it("P8: tenants do not see each other's policies", async () => {
    const { publish, activate, call, evaluate } = await startInstance();
    await publish(documentOf("a"));
    await activate(1);
    const other = { ...agent, tenant: "other" };
    await expect(
      call("GetPolicy", other, [proto.GetPolicyRequestSchema, { revision: 1n }], proto.GetPolicyResponseSchema),
    ).rejects.toMatchObject({ code: "NOT_FOUND" });
    expect((await evaluate(other, other)).verdict).toMatchObject({ outcome: VerdictOutcome.DENY, revision: 0n });
    await expect(evaluate(other, agent)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });
});
