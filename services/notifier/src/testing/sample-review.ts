import {
  askedGroups,
  editableText,
  askedStage,
  isUndecided,
  renderReview,
  riskScore,
  sha256Hex,
  shownDigest,
  type ReviewSource,
} from "@countersign/review-view";
import { createHash } from "node:crypto";
import type { ShownCard } from "../usecases/answer.ts";
import type { Delivery } from "../usecases/channel.ts";

export const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

/** An export that waits for a data protection officer. */
export const sampleReview: ReviewSource = {
  id: "0198c5f0-0000-7000-8000-000000000001",
  tenant: "acme",
  status: "in review",
  version: 3,
  digest: "ab".repeat(32),
  input: {
    subject: { type: "agent", id: "exporter", properties: {} },
    action: { name: "db.export", properties: { table: "customers", limit: 10 } },
    resource: { type: "db", id: "crm", properties: {} },
    context: { environment: "production", justification: "asked by sales" },
  },
  bindingContext: ["environment"],
  requester: { issuer: "https://id.example", id: "exporter", type: "agent", chain: [], owner: undefined },
  verdict: { rule: "exports", revision: 4, reasons: ["exports of customer data"], risk: [] },
  editable: '{"limit":{"maximum":10}}',
  review: {
    stages: [{ name: "data", quorum: "1 of dpo", groups: ["dpo"] }],
    openStage: 0,
    votes: [],
    deadline: new Date("2026-01-02T03:04:05Z"),
    editor: undefined,
  },
};

/** A delivery of it. */
export function sampleDelivery(source: ReviewSource = sampleReview, changes: Partial<Delivery> = {}): Delivery {
  return {
    id: "d1",
    attempt: 1,
    tenant: source.tenant,
    event: {
      id: "0198c5f0-0000-7000-8000-0000000000ee",
      type: "ReviewOpened",
      position: 41,
      streamVersion: 3,
      time: new Date("2026-01-01T00:00:00Z"),
      traceparent: "",
    },
    earlierRef: undefined,
    plannedAt: new Date("2026-01-01T00:00:01Z"),
    undecided: isUndecided(source),
    askedGroups: askedGroups(source),
    stage: askedStage(source),
    riskScore: riskScore(source),
    claimant: undefined,
    editable: () => editableText(source),
    render: (limits) => renderReview(source, sha256, limits),
    ...changes,
  };
}

/** What a message about the sample review, in the channel `dpo`, says it shows. */
export const sampleCard: ShownCard = {
  channel: "dpo",
  tenant: "acme",
  actionId: sampleReview.id,
  digest: sampleReview.digest,
  version: 3,
  shownDigest: shownDigest(sampleReview, sha256Hex),
};
