import { create } from "@bufbuild/protobuf";
import { ActionStatus } from "@countersign/proto/v1/action_pb";
import { GetReviewResponseSchema, type GetReviewResponse } from "@countersign/proto/v1/review_service_pb";
import { describe, expect, it } from "vitest";
import { reviewText } from "./review-text.ts";

const editable = '{"limit":{"type":"integer","maximum":1000}}';
const input = { action: { name: "db.export" }, resource: { type: "db", id: "crm" } };
const action = {
  id: "a1",
  input,
  verdict: { terms: { editable } },
  review: { stages: [{ quorumText: "1 of dpo" }] },
};
type Reply = Partial<Pick<GetReviewResponse, "eligible" | "ineligibleReason" | "mayReject" | "mayEdit">> & {
  readonly unknownCausers?: readonly { readonly issuer: string; readonly id: string }[];
};
const text = ({ unknownCausers = [], ...reply }: Reply, status: ActionStatus = ActionStatus.IN_REVIEW) =>
  reviewText(create(GetReviewResponseSchema, { ...reply, unknownCausers: [...unknownCausers], action: { ...action, status } }), {
    columns: 200,
    command: "cs",
  });
/** The commands that it offers. */
const offered = (shown: string) => [...shown.matchAll(/\bcs (\S+)/g)].map(([, name]) => name);

describe("review show", () => {
  it("whoever may decide is told how, and what may be changed", () => {
    const all = text({ eligible: true, mayReject: true, mayEdit: true });
    expect(offered(all)).toEqual(["approve", "reject", "edit"]);
    expect(all).toContain(`\nYou may change ${editable}: cs edit a1 --param NAME=VALUE --reason "..."`);
    expect(all).not.toContain("may not");
    expect(offered(text({ eligible: true, mayReject: true }))).toEqual(["approve", "reject"]);
  });

  it("P3: whoever may not approve is offered what it may do, and nothing else", () => {
    const edited = text({ ineligibleReason: "SELF_APPROVAL", mayReject: true, mayEdit: true });
    expect(offered(edited)).toEqual(["reject", "edit"]);
    expect(edited).toContain(
      "\nYou may not approve this: you had a part in an edit of it, so somebody else has to approve. You may reject it.\n",
    );
    const caused = text({ ineligibleReason: "SELF_APPROVAL" });
    expect(caused).toContain("\nYou may not decide this: you had a part in this request, so somebody else has to decide.");
    expect(offered(caused)).toEqual([]);
    expect(text({ ineligibleReason: "A_NEWER\u001b_ONE" })).toContain(String.raw`You may not decide this: A_NEWER\u{1b}_ONE.`);
  });

  it("P3: what nobody can approve says whose account nobody knows, and can be rejected", () => {
    const unknownCausers = [{ issuer: "https://agents.example", id: "ann\u202e" }];
    const shown = text({ ineligibleReason: "CAUSER_UNKNOWN", unknownCausers, mayReject: true });
    expect(shown).toMatch(/nobody's approval counts: https:\/\/agents\.example#ann\S+\. You may reject it\.$/m);
    expect(offered(shown)).toEqual(["reject"]);
    expect(shown).not.toContain("\u202e");
  });

  it("what is over says how it is, and asks for nothing", () => {
    const at = (status: ActionStatus, mayReject = false) => text({ ineligibleReason: "NOT_IN_REVIEW", mayReject }, status);
    const late = at(ActionStatus.IN_REVIEW);
    expect(late).toContain("\nThe time to decide is over: nobody can decide it any more.");
    expect(late).not.toMatch(/This will run|needs|may not/);
    expect(at(ActionStatus.REJECTED)).toMatch(/\nNothing is to be decided any more\.$/);
    expect(offered(at(ActionStatus.APPROVED))).toEqual([]);
    expect(at(ActionStatus.APPROVED)).toMatch(/Until it does, a reviewer of the last stage can take that back\.$/);
    expect(at(ActionStatus.APPROVED, true)).toMatch(/Until it does, you can take that back: cs reject a1 --reason "\.\.\."$/);
  });
});
