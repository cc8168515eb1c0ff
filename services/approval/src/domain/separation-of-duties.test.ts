import { describe, expect, it } from "vitest";
import {
  ann,
  approveBy,
  approved,
  bob,
  cast,
  editBy,
  EDITED_DIGEST,
  editedBy,
  exporter,
  hex,
  inReview,
  ISSUER,
  later,
  owner,
  principal,
  ref,
  rejectBy,
  sponsor,
  standing,
  twoOnCall,
  verdict,
} from "../testing/fixtures.ts";
import { given } from "../testing/given.ts";

describe("P3: nobody approves what they caused, agents never review", () => {
  const human = principal("exporter", { groups: ["oncall"] });
  it.each([
    ["the requester, as a human of the same identity", human, "SELF_APPROVAL"],
    ["the requester itself, an agent", exporter, "NOT_HUMAN"],
    ["somebody on the requester's chain", sponsor, "SELF_APPROVAL"],
    ["the requester's owner", owner, "SELF_APPROVAL"],
    ["another agent", principal("other", { type: "agent", groups: ["oncall"] }), "NOT_HUMAN"],
    ["a service", principal("ci", { type: "service", groups: ["oncall"] }), "NOT_HUMAN"],
    ["an eligible human acting through an agent", { ...ann, chain: [ref("copilot")] }, "NOT_HUMAN"],
    ["a human in no eligible group", principal("eve", { groups: ["sales"] }), "NOT_ELIGIBLE"],
  ] as const)("refuses %s", (_who, reviewer, code) => {
    given(...inReview())
      .when(approveBy(reviewer))
      .thenRefused(code);
    given(...inReview())
      .when(rejectBy(reviewer))
      .thenRefused(code);
    given(...inReview())
      .when(editBy(reviewer, verdict("review")))
      .thenRefused(code);
  });

  it("refuses every editor, also when somebody else edited later, but lets an editor reject", () => {
    const once = editedBy(inReview(), editBy(ann, verdict("review")));
    const twice = editedBy(once, editBy(bob, verdict("review"), { input: hex(0x13), digest: EDITED_DIGEST, version: 7 }));
    for (const editor of [ann, bob]) {
      given(...twice)
        .when(approveBy(editor, { digest: EDITED_DIGEST, version: 11 }))
        .thenRefused("SELF_APPROVAL");
      expect(
        given(...twice)
          .when(rejectBy(editor, { digest: EDITED_DIGEST, version: 11 }))
          .events(),
      ).toHaveLength(13);
    }
  });

  it("whom an editor stood in for stays barred when it edits again in its own name", () => {
    const eve = principal("eve", { groups: ["oncall"] });
    const place = { person: "ann", principals: [ref("ann")], entirely: true };
    const inPlace = editBy(eve, verdict("review"), { standings: [standing(eve, { inPlaceOf: place })] });
    const again = editBy(eve, verdict("review"), { input: hex(0x13), digest: EDITED_DIGEST, version: 7 });
    given(...editedBy(editedBy(inReview(), inPlace), again))
      .when(approveBy(ann, { digest: EDITED_DIGEST, version: 11 }))
      .thenRefused("SELF_APPROVAL");
  });

  it("does not take an agent's word for a human's own vote that it repeats", () => {
    const one = given(...inReview(twoOnCall))
      .when(approveBy(ann))
      .events();
    given(...one)
      .when(approveBy({ ...ann, chain: [ref("copilot")] }))
      .thenRefused("NOT_HUMAN");
  });

  it("tells two issuers' principals of the same id apart", () => {
    const stranger = { ...sponsor, issuer: "https://other.example" };
    given(...inReview())
      .when(approveBy(stranger))
      .then(cast(approveBy(stranger)), ...approved(later));
    expect(stranger.issuer).not.toBe(ISSUER);
  });
});
