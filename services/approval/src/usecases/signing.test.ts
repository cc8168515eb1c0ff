import { beforeEach, describe, expect, it } from "vitest";
import { ann, exporter, principal, stage, TERMS, verdict } from "../testing/fixtures.ts";
import { ask } from "../testing/ask.ts";
import { exportInput, testApproval, type TestApproval } from "../testing/test-approval.ts";
import { breakGlass } from "./break-glass.ts";
import { toHex } from "./content.ts";
import { fireTimer } from "./fire-timer.ts";
import type { Deps, Signer } from "./ports.ts";
import { requestAction } from "./request-action.ts";
import { acceptEdit, castVote, editAction } from "./submit-vote.ts";

let world: TestApproval;

beforeEach(async () => {
  world = await testApproval();
});

const eve = principal("eve", { groups: ["security"], roles: ["reviewer"], signIn: "mfa" });
const editable = JSON.stringify({ limit: { type: "integer" } });
const terms = { ...TERMS, editable, breakGlass: { groups: ["security"], requester: false } };
const review = verdict("review", { stages: [stage(["oncall"])], terms });

async function shownReview() {
  const { shown } = await ask(world, review);
  const ref = { tenant: "acme", id: shown.actionId };
  return { ref, digest: toHex(shown.digest), version: Number(shown.version), shownDigest: toHex(shown.shownDigest), reason: "so it is" };
}

const by = (who: typeof ann) => ({ principal: who, traceparent: "" });
const broken = (): Promise<never> => Promise.reject(new Error("the key is gone"));

function without(part: "mint" | "signVote"): Deps {
  return { ...world.deps, signer: { ...world.deps.signer, [part]: broken } };
}

/** Fails, and leaves the log as it was. */
async function expectNothing(act: () => Promise<unknown>): Promise<void> {
  const before = await world.log.nextPosition();
  await expect(act()).rejects.toThrow("the key is gone");
  expect(await world.log.nextPosition()).toBe(before);
}

describe("P7: a signature that fails fails the command, and nothing is recorded", () => {
  it.each(["mint", "signVote"] as const)("of an approval: %s", async (part) => {
    const shown = await shownReview();
    await expectNothing(() => castVote(without(part), by(ann), { ...shown, decision: "approve" }));
    expect(await castVote(world.deps, by(ann), { ...shown, decision: "approve" })).toMatchObject({ outcome: "done" });
  });

  it.each(["mint", "signVote"] as const)("of an approval in an emergency: %s", async (part) => {
    const shown = await shownReview();
    await expectNothing(() => breakGlass(without(part), by(eve), shown));
    expect(await breakGlass(world.deps, by(eve), shown)).toMatchObject({ outcome: "done" });
  });

  it("of a request that policy allows", async () => {
    await expectNothing(() =>
      requestAction(without("mint"), by(exporter), { input: exportInput, idempotencyKey: "k", retryTells: "then" }),
    );
  });

  it("of an edit that policy allows, and of taking it", async () => {
    const shown = await shownReview();
    world.answer = verdict("allow");
    const edit = { ...shown, properties: { table: "customers", limit: 5 } };
    await expectNothing(() => editAction(without("mint"), by(ann), edit));
    const edited = await editAction(world.deps, by(ann), edit);
    if (edited.outcome !== "done" || edited.view.state.status !== "EDITED") throw new Error("not edited");
    const { digest } = edited.view.state.ruling;
    await expectNothing(() => acceptEdit(without("mint"), by(exporter), { ref: shown.ref, digest }));
  });

  it("of a late verdict: the timer stays", async () => {
    const { action } = await ask(world, "none");
    world.answer = verdict("allow");
    await expectNothing(() => fireTimer(without("mint"), { tenant: "acme", id: action.id }, "verdict_retry", world.now));
  });
});

/** Finishes a signature of either kind only once both have begun. */
function bothAtOnce(signer: Signer): Signer {
  const vote = Promise.withResolvers<void>();
  const grant = Promise.withResolvers<void>();
  return {
    ...signer,
    signVote: async (ballot) => {
      vote.resolve();
      await grant.promise;
      return signer.signVote(ballot);
    },
    mint: async (claims) => {
      grant.resolve();
      await vote.promise;
      return signer.mint(claims);
    },
  };
}

it("signs an approval and its grant at the same time", async () => {
  const deps = { ...world.deps, signer: bothAtOnce(world.deps.signer) };
  expect(await castVote(deps, by(ann), { ...(await shownReview()), decision: "approve" })).toMatchObject({ outcome: "done" });
});

it("signs an approval in an emergency and its grant at the same time", async () => {
  const deps = { ...world.deps, signer: bothAtOnce(world.deps.signer) };
  expect(await breakGlass(deps, by(eve), await shownReview())).toMatchObject({ outcome: "done" });
});
