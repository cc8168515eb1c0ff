import type { JsonObject } from "../json.ts";
import type { ReviewSource } from "../review-source.ts";

type Changes = Partial<Omit<ReviewSource, "input">> & { readonly context?: JsonObject };

/** An export with these parameters, in review, of which nothing more is known. */
export function exportWith(properties: JsonObject, { context = {}, ...more }: Changes = {}): ReviewSource {
  return {
    id: "0190-a",
    tenant: "acme",
    status: "in review",
    version: 3,
    digest: "ab".repeat(32),
    input: {
      subject: { type: "agent", id: "exporter", properties: {} },
      action: { name: "db.export", properties },
      resource: { type: "db", id: "crm", properties: {} },
      context,
    },
    bindingContext: [],
    requester: undefined,
    verdict: undefined,
    editable: '{"limit":{"maximum":10}}',
    review: undefined,
    ...more,
  };
}
