import { create } from "@bufbuild/protobuf";
import { ActionSchema } from "@countersign/proto/v1/action_pb";
import { expect, test } from "vitest";
import { History } from "./history.ts";

test("the shortest history holds the actions that are named and the faults that overlap them", () => {
  let now = 0;
  const history = new History(() => (now += 1));
  history.note("an early fault");
  const over = history.fault("a long fault");
  for (const intent of ["run-1", "run-11"]) {
    const settle = history.attempt(intent, "agent", "request");
    history.acknowledge("requested", intent, "agent", create(ActionSchema, { id: `action-of-${intent}`, version: 3n }));
    settle("IN_REVIEW at 3");
  }
  history.attempt("run-2", "agent", "request");
  over();
  history.note("a late fault");
  const texts = (problems: readonly string[]) => history.excerpt(problems).map((line) => line.replace(/^\S+ ms\s+/, ""));
  expect(texts(["action-of-run-1: has several grants"])).toEqual(["* a long fault", "run-1 agent: request: IN_REVIEW at 3"]);
  expect(texts(["run-2 is stuck"])).toEqual(["* a long fault", "run-2 agent: request: no answer yet", "* a late fault"]);
  expect(texts(["fsck: 1 flaw"])).toEqual(["* an early fault", "* a long fault", "* a late fault"]);
});
