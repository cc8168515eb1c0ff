import { describe, expect, it } from "vitest";
import { UNREQUESTED, type ActionState } from "./action-state.ts";
import { askOf, REQUESTER_MANAGER } from "./ask.ts";
import type { StageFact } from "./fact.ts";
import { principalKey } from "./principal-key.ts";
import { asksOf, barredFromDeciding, mayDecide, type Place } from "./who-may-decide.ts";

const ISSUER = "https://idp";
const key = (id: string) => principalKey({ issuer: ISSUER, id });
const place = (...asks: readonly string[]): Place => ({ asks, principals: [key("me")] });

const plain: StageFact = {
  groups: ["dba"],
  quorum: "1 of dba",
  asks: [askOf.group("dba")],
  escalatesTo: [askOf.group("leads")],
  confirms: false,
};
const bot = { issuer: ISSUER, id: "bot", kind: "agent", chain: [key("sponsor")] } as const;
const waiting = (more: Partial<ActionState> = {}): ActionState => ({
  ...UNREQUESTED,
  status: "IN_REVIEW",
  requester: bot,
  owner: key("owner"),
  stages: [plain],
  ...more,
});
const asks = (ask: string, more: Partial<StageFact> = {}): Pick<ActionState, "stages"> => ({
  stages: [{ ...plain, asks: [ask], ...more }],
});
const vote = (...principals: readonly string[]) => ({ reviewer: principals[0] ?? "", principals, approves: true, stage: 0 });
const [me, sponsor, owner] = [key("me"), key("sponsor"), key("owner")];
const dba = place(askOf.group("dba"));

describe("P3: a review waits for whom it asks, and for nobody who had a part in it", () => {
  it.each<[boolean, string, Partial<ActionState>, Place]>([
    [true, "a member of its group", {}, dba],
    [false, "a member of another group", {}, place(askOf.group("security"))],
    [false, "somebody whose name is the group's", {}, place(askOf.person("dba"))],
    [true, "the person that it names", asks(askOf.person("0193")), place(askOf.person("0193"))],
    [true, "whoever is on call", asks(askOf.onCall("primary")), place(askOf.onCall("primary"))],
    [false, "whoever is on call elsewhere", asks(askOf.onCall("primary")), place(askOf.onCall("secondary"))],
    [true, "the manager of whom an agent acts for", asks(REQUESTER_MANAGER), place(askOf.managerOf(sponsor))],
    [false, "the manager of the agent's owner, when it acts for somebody else", asks(REQUESTER_MANAGER), place(askOf.managerOf(owner))],
    [
      true,
      "the manager of the owner of an agent that acts for nobody",
      { ...asks(REQUESTER_MANAGER), requester: { ...bot, chain: [] } },
      place(askOf.managerOf(owner)),
    ],
    [
      true,
      "the manager of the human who asks",
      { ...asks(REQUESTER_MANAGER), requester: { ...bot, kind: "human", chain: [] } },
      place(askOf.managerOf(key("bot"))),
    ],
    [
      false,
      "anybody's manager, of a service that is nobody's",
      { ...asks(REQUESTER_MANAGER), owner: null, requester: { ...bot, chain: [] } },
      place(askOf.managerOf(owner), REQUESTER_MANAGER),
    ],
    [false, "whom the escalation will ask", {}, place(askOf.group("leads"))],
    [true, "whom the escalation asked", { escalated: [0] }, place(askOf.group("leads"))],
    [false, "whom another stage's escalation asked", { escalated: [1] }, place(askOf.group("leads"))],
    [
      false,
      "members of a stage that is not open",
      { stages: [plain, { ...plain, asks: [askOf.group("security")] }] },
      place(askOf.group("security")),
    ],
    [
      true,
      "members of the stage that is open by now",
      { openStage: 1, stages: [plain, { ...plain, asks: [askOf.group("security")] }] },
      place(askOf.group("security")),
    ],
    [
      true,
      "whom the agent acts for, in a stage that only confirms",
      asks("", { confirms: true }),
      { asks: [askOf.confirms(sponsor)], principals: [sponsor] },
    ],
    [
      true,
      "the agent's owner, in a stage that only confirms",
      asks("", { confirms: true }),
      { asks: [askOf.confirms(owner)], principals: [owner] },
    ],
    [
      false,
      "whom the agent acts for, where four eyes are asked",
      {},
      { asks: [askOf.confirms(sponsor), askOf.group("dba")], principals: [sponsor] },
    ],
    [
      false,
      "the requester itself, also in a stage that only confirms",
      asks(askOf.group("dba"), { confirms: true }),
      { ...dba, principals: [key("bot")] },
    ],
    [false, "the agent's owner", {}, { ...dba, principals: [owner] }],
    [true, "the agent's owner, where policy trusts it", { ownerMayApprove: true }, { ...dba, principals: [owner] }],
    [
      false,
      "an owner for whom the agent acts, whatever policy says of owners",
      { ownerMayApprove: true, owner: sponsor },
      { ...dba, principals: [sponsor] },
    ],
    [false, "the requester's human under another account", {}, { ...dba, principals: [me, sponsor] }],
    [false, "an editor", { editors: [me] }, dba],
    [false, "who has voted", { votes: [vote(me)] }, dba],
    [false, "who has voted under another account, or by a stand-in", { votes: [vote(key("other"), me)] }, dba],
    [true, "the others, when somebody has voted", { votes: [vote(key("other"))] }, dba],
    [false, "anybody, once it is over", { status: "APPROVED" }, { ...dba, asks: [] }],
    [true, "who was skipped by a break-glass", { status: "SUCCEEDED", afterReview: [key("breaker")] }, dba],
    [false, "who broke the glass", { status: "SUCCEEDED", afterReview: [me] }, dba],
    [
      false,
      "the owner, afterwards, whatever policy trusts it with before",
      { status: "SUCCEEDED", afterReview: [], ownerMayApprove: true },
      { ...dba, principals: [owner] },
    ],
  ])("%s: %s", (expected, _, more, who) => {
    expect(mayDecide(waiting(more), [who])).toBe(expected);
  });

  it("in any of the places that somebody has, and only in one that is not barred itself", () => {
    const barred = { ...dba, principals: [me, sponsor] };
    expect(mayDecide(waiting(), [barred, place(askOf.group("security"))])).toBe(false);
    expect(mayDecide(waiting(), [barred, dba])).toBe(true);
    expect(mayDecide(waiting(), [])).toBe(false);
  });

  it("asks and bars everybody once, and nobody any more when it is over", () => {
    const state = waiting({
      editors: [me],
      votes: [vote(me)],
      stages: [{ ...plain, asks: [askOf.group("dba"), askOf.group("leads")] }],
      escalated: [0],
    });
    expect(asksOf(state)).toEqual(["group dba", "group leads"]);
    expect(barredFromDeciding(state)).toEqual([key("bot"), sponsor, owner, me]);
    expect(barredFromDeciding({ ...state, status: "EXPIRED" })).toEqual([]);
  });
});
