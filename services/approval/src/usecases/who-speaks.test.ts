import { DirectoryUnreachableError, type Person, type Resolved } from "@countersign/directory-client";
import { samplePerson } from "@countersign/directory-client/testing";
import { beforeEach, describe, expect, it } from "vitest";
import { ann, bob, exporter, principal, ref, stage, verdict } from "../testing/fixtures.ts";
import { exportInput, shownOf, testApproval, type TestApproval } from "../testing/test-approval.ts";
import type { Principal } from "../domain/principal.ts";
import type { Verdict } from "../domain/values.ts";
import { toHex } from "./content.ts";
import type { Handled } from "./handle.ts";
import { readReview } from "./read-action.ts";
import { castVote } from "./submit-vote.ts";

let world: TestApproval;
let people: ReadonlyMap<string, Partial<Person>> | "unreachable";

beforeEach(async () => {
  world = await testApproval();
  people = new Map();
});

/** The directory as the test has it: by the id of a principal. */
const directory = {
  resolvePerson: async (_tenant: string, who: object): Promise<Resolved> => {
    if (people === "unreachable") throw new DirectoryUnreachableError("gone");
    const id = "principal" in who ? (who.principal as { readonly id: string }).id : "";
    const known = people.get(id);
    return { managed: true, person: known && person(id, known) };
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
  const vote = (who: Principal): Promise<Handled> =>
    castVote(deps, { principal: who, traceparent: "" }, { ...shown, decision: "approve", reason: "" });
  const why = async (who: Principal) => (await readReview(deps, { ...who, roles: ["reviewer"] }, action.id))?.ineligible;
  return { vote, why };
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
