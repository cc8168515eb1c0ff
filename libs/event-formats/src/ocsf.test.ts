import { describe, expect, it } from "vitest";
import { toOcsf } from "./ocsf.ts";
import type { JsonObject } from "./record.ts";
import { toSoc2Csv } from "./soc2-csv.ts";
import { record } from "./testing/records.ts";

/** Required attributes and activity ids, read off the released schema 1.8.0 (events/application/api_activity.json, events/iam/entity_management.json, user_access.json). */
const CLASSES: Readonly<Record<number, { readonly required: readonly string[]; readonly activities: readonly number[] }>> = {
  6003: { required: ["actor", "api", "src_endpoint"], activities: [1, 2, 3, 4, 99] },
  3004: { required: ["entity"], activities: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 99] },
  3005: { required: ["user"], activities: [1, 2, 3, 4, 99] },
};
const ALWAYS = ["activity_id", "category_uid", "class_uid", "metadata", "severity_id", "time", "type_uid"];

const EVENTS: readonly (readonly [type: string, data: JsonObject, classUid: number, disposition: number | undefined])[] = [
  ["ActionRequested", { actionName: "db.export", resourceType: "database", resourceId: "crm" }, 6003, 14],
  ["VerdictReached", { verdict: { outcome: "VERDICT_OUTCOME_DENY", rule: "no drops", revision: "3" } }, 3004, 2],
  ["VerdictReached", { verdict: { outcome: "VERDICT_OUTCOME_ALLOW", rule: "tags", revision: "3" } }, 3004, 8],
  ["VoteCast", { decision: "VOTE_DECISION_REJECT" }, 3004, 25],
  ["VoteCast", { decision: "VOTE_DECISION_APPROVE" }, 3004, 8],
  ["GrantIssued", { principal: { issuer: "https://id.example", id: "bot" } }, 3005, 8],
  ["GrantRevoked", { grantId: "g" }, 3005, 24],
  ["GrantRedeemed", { principal: { issuer: "https://id.example", id: "bot" } }, 6003, 8],
  ["ExecutionUnreported", {}, 6003, undefined],
  ["VoteRefused", { reason: "SELF_APPROVAL" }, 3004, 2],
  ["PolicyActivated", { revision: "3" }, 3004, 1],
  ["ActionTeleported", {}, 3004, undefined],
];

describe("a vote that came sooner than anybody can read", () => {
  const hasty = record("VoteCast", { decision: "VOTE_DECISION_APPROVE", haste: { availableSeconds: 1, neededSeconds: 9 } });

  it("wants attention, and is told with its seconds", () => {
    expect(toOcsf(record("VoteCast", { decision: "VOTE_DECISION_APPROVE" }))).toMatchObject({ severity_id: 1 });
    expect(toOcsf(hasty)).toMatchObject({ severity_id: 3, disposition_id: 8 });
    expect(JSON.stringify(toOcsf(hasty))).toContain("neededSeconds");
  });

  it("is evidence for what is to be looked into", () => {
    expect(toSoc2Csv(hasty)).toContain("medium,CC6.1 CC8.1 CC7.2");
  });
});

describe("OCSF 1.8", () => {
  it.each(EVENTS)("%s has what its class requires", (type, data, classUid, disposition) => {
    const event = toOcsf(record(type, data));
    const shape = CLASSES[classUid];
    expect(event).toMatchObject({ class_uid: classUid, category_uid: Math.floor(classUid / 1000) });
    expect(event["disposition_id"]).toBe(disposition);
    expect(Object.keys(event)).toEqual(expect.arrayContaining([...ALWAYS, ...(shape?.required ?? [])]));
    expect(shape?.activities).toContain(event["activity_id"]);
    expect(event["type_uid"]).toBe(classUid * 100 + Number(event["activity_id"]));
  });

  it("carries what a proof needs, and what ties events of one action together", () => {
    const event = toOcsf(record("VoteCast"));
    expect(event["metadata"]).toMatchObject({ version: "1.8.0", sequence: 4711, correlation_uid: "0192f0c1-0000-7000-8000-000000000001" });
    expect(event["unmapped"]).toMatchObject({ leaf_hash: "07".repeat(32), tenant_sequence: 815 });
  });
});
