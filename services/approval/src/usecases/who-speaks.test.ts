import { DirectoryUnreachableError, type Person, type Resolved } from "@countersign/directory-client";
import { samplePerson } from "@countersign/directory-client/testing";
import { ActionStatus, VerdictOutcome } from "@countersign/proto/v1/action_pb";
import { beforeEach, describe, expect, it } from "vitest";
import { ann, bob, exporter, ISSUER, principal, ref, stage, TERMS, verdict } from "../testing/fixtures.ts";
import { exportInput, shownOf, testApproval, type TestApproval } from "../testing/test-approval.ts";
import type { Principal } from "../domain/principal.ts";
import type { Verdict, VoteDecision } from "../domain/values.ts";
import { toHex } from "./content.ts";
import { fireTimer } from "./fire-timer.ts";
import type { Handled } from "./handle.ts";
import { readReview } from "./read-action.ts";
import { castVote } from "./submit-vote.ts";

let world: TestApproval;
let people: ReadonlyMap<string, Partial<Person>> | "unreachable";
let strangers: ReadonlySet<string>;

beforeEach(async () => {
  world = await testApproval();
  people = new Map();
  strangers = new Set();
});

/** The directory as the test has it: by the id of a principal. */
const directory = {
  resolvePerson: async (_tenant: string, who: object): Promise<Resolved> => {
    if (people === "unreachable") throw new DirectoryUnreachableError("gone");
    const id = "principal" in who ? (who.principal as { readonly id: string }).id : "";
    const known = people.get(id);
    // Those who caused it are nobody who decides here.
    const former = ["owner", "sponsor"].includes(id) && !strangers.has(id) ? { known: true } : {};
    return { managed: true, person: known && person(id, known), ...former };
  },
};

const person = (id: string, more: Partial<Person>): Person =>
  samplePerson({ id: `person-${id}`, displayName: id, principals: [ref(id)], ...more });

async function asked(answer: Verdict) {
  world.answer = answer;
  const { action } = await world.call("RequestAction", { input: exportInput, idempotencyKey: "k" });
  if (action === undefined) throw new Error("no action");
  const { digest, version, shownDigest } = shownOf(action);
  const shown = {
    ref: { tenant: "acme", id: action.id },
    digest: toHex(digest),
    version: Number(version),
    shownDigest: toHex(shownDigest),
  };
  const deps = { ...world.deps, directory };
  const vote = (who: Principal, decision: VoteDecision = "approve"): Promise<Handled> =>
    castVote(deps, { principal: who, traceparent: "" }, { ...shown, decision, reason: "as said" });
  const review = (who: Principal) => readReview(deps, { ...who, roles: ["reviewer"] }, action.id);
  const why = async (who: Principal) => (await review(who))?.ineligible;
  return { vote, why, review };
}

const oncall = verdict("review", { stages: [stage(["oncall"], 2)] });
const refused = (code: string): unknown => expect.objectContaining({ outcome: "refused", code });

describe("P3: who speaks, as the directory knows it", () => {
  it("the groups of the directory count, not those of the token", async () => {
    people = new Map<string, Partial<Person>>([
      ["ann", { groups: ["sales"] }],
      ["max", { groups: ["oncall"] }],
    ]);
    const { vote, why } = await asked(oncall);
    expect(await vote(ann)).toEqual(refused("NOT_ELIGIBLE"));
    expect(await vote(principal("max"))).toMatchObject({ outcome: "done" });
    expect(await why(principal("max"))).toBe("ALREADY_VOTED");
  });

  it("two accounts are one human: barred with the owner, and one vote", async () => {
    const two = { id: "person-ann", groups: ["oncall"], principals: [ref("ann"), ref("ann-admin")] };
    people = new Map<string, Partial<Person>>([
      ["ann", two],
      ["ann-admin", two],
      ["owner-2", { groups: ["oncall"], principals: [ref("owner"), ref("owner-2")] }],
    ]);
    const { vote } = await asked(oncall);
    expect(await vote(principal("owner-2"))).toEqual(refused("SELF_APPROVAL"));
    expect(await vote(ann)).toMatchObject({ outcome: "done" });
    expect(await vote(principal("ann-admin"))).toEqual(refused("ALREADY_VOTED"));
  });

  it("accounts that were linked after one of them had voted are one human when the quorum is reached", async () => {
    people = new Map<string, Partial<Person>>([
      ["ann", { groups: ["oncall"] }],
      ["bob", { groups: ["oncall"] }],
    ]);
    const { vote } = await asked(oncall);
    await vote(ann);
    const linked = { id: "person-ann", groups: ["oncall"], principals: [ref("ann"), ref("bob")] };
    people = new Map<string, Partial<Person>>([
      ["ann", linked],
      ["bob", linked],
    ]);
    expect(await vote(bob)).toEqual(refused("ALREADY_VOTED"));
  });

  it("the manager is that of the human whom the agent acts for", async () => {
    people = new Map<string, Partial<Person>>([
      ["sponsor", { managerId: "person-max" }],
      ["max", {}],
      ["ann", {}],
    ]);
    const { vote } = await asked(
      verdict("review", { stages: [stage([], 1, { quorum: { kind: "at_least", count: 1, of: [{ kind: "requester_manager" }] } })] }),
    );
    expect(exporter.chain).toEqual([ref("sponsor")]);
    expect(await vote(ann)).toEqual(refused("NOT_ELIGIBLE"));
    expect(await vote(principal("max"))).toMatchObject({ outcome: "done", view: { state: { status: "APPROVED" } } });
  });

  it.each([
    ["two groups, one by one", [["sales"], ["oncall"]]],
    ["a group, and then everything", [["sales"], []]],
  ])("whom somebody stands in for by %s is one place: the vote in it counts, and is one", async (_what, delegations) => {
    const place = { personId: "person-ann", untilMs: Infinity, principals: [ref("ann")] };
    const standsInFor = delegations.map((groups) => ({
      ...place,
      groups,
      effectiveGroups: groups.length === 0 ? ["sales", "oncall"] : groups,
    }));
    people = new Map<string, Partial<Person>>([
      ["ann", { groups: ["sales", "oncall"] }],
      ["eve", { standsInFor }],
      ["max", { groups: ["oncall"] }],
    ]);
    const { vote } = await asked(oncall);
    expect(await vote(principal("eve"))).toMatchObject({ outcome: "done" });
    expect(await vote(ann)).toEqual(refused("ALREADY_VOTED"));
    expect(await vote(principal("max"))).toMatchObject({ outcome: "done", view: { state: { status: "APPROVED" } } });
  });

  it("somebody who is switched off is nobody", async () => {
    people = new Map<string, Partial<Person>>([["ann", { groups: ["oncall"], active: false }]]);
    expect(await (await asked(oncall)).vote(ann)).toEqual(refused("NOT_ELIGIBLE"));
  });

  it("P7: nobody decides while the directory does not answer", async () => {
    people = "unreachable";
    const { vote, why } = await asked(oncall);
    expect(await vote(ann)).toEqual(refused("DIRECTORY_UNREACHABLE"));
    expect(await why(ann)).toBe("DIRECTORY_UNREACHABLE");
  });
});

describe("P3: a human who caused it and whom the directory does not know", () => {
  const everybody = new Map<string, Partial<Person>>([
    ["ann", { groups: ["oncall"] }],
    ["bob", { groups: ["oncall"] }],
  ]);

  it.each([
    ["the agent's owner", "owner", { owner: `${ISSUER}#owner` }],
    ["whom the agent acts for", "sponsor", { acting_for: `${ISSUER}#sponsor` }],
  ])("%s: nobody's approval counts, and everybody is told whose account it is; a no counts", async (_who, stranger, details) => {
    people = everybody;
    strangers = new Set([stranger]);
    const { vote, review } = await asked(oncall);
    expect(await vote(ann)).toEqual({ outcome: "refused", code: "CAUSER_UNKNOWN", details });
    expect(await review(ann)).toMatchObject({ ineligible: "CAUSER_UNKNOWN", unknown: [{ issuer: ISSUER, id: stranger }] });
    expect(await vote(bob, "reject")).toMatchObject({ outcome: "done", view: { state: { status: "REJECTED" } } });
  });

  it("counts from the moment on that the directory knows it, and not one vote longer", async () => {
    people = everybody;
    const { vote, why } = await asked(oncall);
    expect(await vote(ann)).toMatchObject({ outcome: "done" });
    strangers = new Set(["owner"]);
    expect(await vote(bob)).toEqual(refused("CAUSER_UNKNOWN"));
    expect(await why(bob)).toBe("CAUSER_UNKNOWN");
    strangers = new Set();
    expect(await why(bob)).toBeUndefined();
    expect(await vote(bob)).toMatchObject({ outcome: "done", view: { state: { status: "APPROVED" } } });
  });

  describe("when it asks", () => {
    const named = (reason: string, metadata: object): unknown => expect.objectContaining({ reason, metadata });
    const asks = (idempotencyKey: string, caller: Principal = exporter) =>
      world.call("RequestAction", { input: exportInput, idempotencyKey }, caller);

    beforeEach(() => {
      Object.assign(world.deps, { directory });
      world.answer = oncall;
      strangers = new Set(["owner"]);
    });

    it("is told at once, and nothing waits for people", async () => {
      await expect(asks("k")).rejects.toEqual(named("CAUSER_UNKNOWN", { owner: `${ISSUER}#owner` }));
      world.answer = verdict("review", { stages: [stage(["oncall"], 1, { mode: "confirm" }), stage(["oncall"])] });
      await expect(asks("k")).rejects.toEqual(named("CAUSER_UNKNOWN", { owner: `${ISSUER}#owner` }));
      await expect(asks("k", principal("nobody", { roles: ["requester"] }))).rejects.toEqual(
        named("CAUSER_UNKNOWN", { requester: `${ISSUER}#nobody` }),
      );
      expect(await world.log.readAll({ from: 0, limit: 1 })).toEqual([]);
      strangers = new Set();
      expect((await asks("k")).action?.status).toBe(ActionStatus.IN_REVIEW);
    });

    it("gets what policy allows or denies without people, and what it was answered before", async () => {
      for (const outcome of ["allow", "deny"] as const) {
        world.answer = verdict(outcome);
        expect((await asks(outcome)).action?.status).toBe(outcome === "allow" ? ActionStatus.APPROVED : ActionStatus.DENIED);
      }
      world.answer = oncall;
      strangers = new Set();
      const { action } = await asks("k");
      strangers = new Set(["owner"]);
      expect((await asks("k")).action?.id).toBe(action?.id);
    });

    it("asks people where policy trusts those who caused it, and where they are programs", async () => {
      world.answer = verdict("review", { stages: [stage(["oncall"], 1, { mode: "confirm" })] });
      await asks("confirm");
      world.answer = { ...oncall, terms: { ...TERMS, breakGlass: { groups: ["oncall"], requester: true } } };
      await asks("glass");
      world.answer = oncall;
      await asks("nobody's", { ...exporter, id: "ci", type: "service", owner: undefined, chain: [] });
      await asks("program", { ...exporter, owner: undefined, chain: [{ ...ref("copilot"), type: "agent" }] });
    });

    it("is told the same by a dry run, beside what policy would say", async () => {
      const dry = (caller?: Principal) => world.call("EvaluateAction", { input: exportInput }, caller);
      expect(await dry()).toMatchObject({
        verdict: { outcome: VerdictOutcome.REVIEW },
        rules: [{ rule: "a" }],
        refusedReason: "CAUSER_UNKNOWN",
        unknownCausers: [{ issuer: ISSUER, id: "owner" }],
      });
      const nothing = { refusedReason: "", unknownCausers: [] };
      expect(await dry({ ...exporter, owner: undefined })).toMatchObject(nothing);
      world.answer = { ...oncall, terms: { ...TERMS, breakGlass: { groups: ["oncall"], requester: true } } };
      expect(await dry()).toMatchObject(nothing);
      for (const outcome of ["allow", "deny"] as const) {
        world.answer = verdict(outcome);
        expect(await dry()).toMatchObject(nothing);
      }
      world.answer = oncall;
      people = "unreachable";
      expect(await dry()).toMatchObject(nothing);
      expect(await world.log.readAll({ from: 0, limit: 1 })).toEqual([]);
      // Policy says the same again: it is no use to repeat the question.
      world.answer = { ...oncall, grantSeconds: 0 };
      await expect(dry()).rejects.toMatchObject({ code: "FAILED_PRECONDITION", reason: "WRONG_STATE" });
      world.answer = undefined;
      await expect(dry()).rejects.toMatchObject({ code: "INTERNAL" });
    });

    it("is told while it waits where policy answers late, and nobody's approval counts until the directory knows better", async () => {
      world.answer = undefined;
      const { action } = await asks("k");
      world.answer = oncall;
      const id = action?.id ?? "";
      expect(await fireTimer(world.deps, { tenant: "acme", id }, "verdict_retry", world.now)).toBe("done");
      const unknownCausers = [{ issuer: ISSUER, id: "owner" }];
      expect((await world.call("WatchAction", { actionId: id })).action).toMatchObject({
        status: ActionStatus.IN_REVIEW,
        review: { unknownCausers },
      });
      expect((await world.call("GetAction", { actionId: id })).action?.review).toMatchObject({ unknownCausers });
    });

    it("accepts no edit that nobody could approve, until the directory knows who caused it", async () => {
      people = everybody;
      strangers = new Set();
      world.answer = { ...oncall, terms: { ...TERMS, editable: '{"limit":{"type":"integer"}}' } };
      const { action } = await asks("k");
      const edit = { case: "edit", value: { properties: { ...exportInput.action.properties, limit: 5 }, reason: "fewer" } } as const;
      const { action: edited } = await world.call("SubmitVote", { ...shownOf(action!), decision: edit }, ann);
      const accept = { actionId: action!.id, digest: edited!.digest };
      strangers = new Set(["owner"]);
      await expect(world.call("AcceptEdit", accept)).rejects.toEqual(named("CAUSER_UNKNOWN", { owner: `${ISSUER}#owner` }));
      strangers = new Set();
      expect((await world.call("AcceptEdit", accept)).action?.status).toBe(ActionStatus.IN_REVIEW);
    });

    it("is not kept from asking by a directory that does not answer: it is asked again before anybody approves", async () => {
      people = "unreachable";
      expect((await asks("k")).action?.status).toBe(ActionStatus.IN_REVIEW);
    });
  });
});
