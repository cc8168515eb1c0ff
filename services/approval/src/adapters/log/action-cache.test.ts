import { expect, it } from "vitest";
import { initialState } from "../../domain/state.ts";
import { ann, inReview, standing, T0 } from "../../testing/fixtures.ts";
import { stateAfter } from "../../testing/given.ts";
import type { ActionView } from "../../usecases/ports.ts";
import { ActionCache } from "./action-cache.ts";

const viewOf = (id: string, bytes: number): ActionView => {
  const content = { digest: Buffer.alloc(32), salt: Buffer.alloc(32), body: Buffer.alloc(bytes) };
  return {
    ref: { tenant: "acme", id },
    state: { ...initialState, version: 1 },
    contents: new Map([["00", content]]),
  };
};

it("keeps as many actions as fit, the newest ones, by the size of what they say", () => {
  const cache = new ActionCache({ actions: 100, bytes: 1_000_000 });
  const ids = ["a", "b", "c", "d"];
  // As text, as what it says and encoded each takes 400 KB.
  for (const id of ids) cache.keep(viewOf(id, 100_000), cache.forgettings);
  expect(ids.filter((id) => cache.get({ tenant: "acme", id }) !== undefined)).toEqual(["c", "d"]);
  cache.keep(viewOf("larger than all of it", 300_000), cache.forgettings);
  expect(cache.get({ tenant: "acme", id: "larger than all of it" })).toBeUndefined();
  expect(cache.get({ tenant: "acme", id: "d" })).toBeDefined();
});

it("counts whoever spoke with all that was known of them", () => {
  const cache = new ActionCache({ actions: 100, bytes: 1_000_000 });
  const groups = Array.from({ length: 250 }, (_, index) => `a group that has a name ${index}`);
  const said = {
    type: "CommentAdded",
    at: T0,
    kind: "remark",
    author: ann,
    standing: standing({ ...ann, groups }),
    text: "00",
    question: 0,
  } as const;
  const state = stateAfter([...inReview(), ...Array.from({ length: 20 }, (_, index) => ({ ...said, number: index + 1 }))]);
  const ids = ["a", "b", "c", "d"];
  // Read from the log, each has names of its own: some 350 KB.
  for (const id of ids) cache.keep({ ref: { tenant: "acme", id }, state, contents: new Map() }, cache.forgettings);
  expect(ids.filter((id) => cache.get({ tenant: "acme", id }) !== undefined)).toEqual(["c", "d"]);
});
