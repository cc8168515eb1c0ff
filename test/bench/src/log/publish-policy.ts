import { createHash } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import { contentDigest } from "@countersign/digest";
import { createTestEventLog } from "@countersign/event-log/testing";
import { encodeEvent } from "@countersign/events";
import { PolicyActivatedSchema, PolicyPublishedSchema } from "@countersign/proto/event/v1/policy_events_pb";
import { POLICY_REVISION } from "./lifecycle-events.ts";

const DOCUMENT = Buffer.from("version: 1\nrules: []\n");

/** The revision that all verdicts name: a verifier asks for it. Returns how many events it took. */
export async function publishPolicy(url: string, ledger: string, tenant: string): Promise<number> {
  const salt = createHash("sha256").update(tenant).digest();
  const digest = contentDigest(salt, DOCUMENT);
  const documentDigest = createHash("sha256").update(DOCUMENT).digest();
  const events = [
    encodeEvent({
      type: "PolicyPublished",
      data: create(PolicyPublishedSchema, { revision: POLICY_REVISION, documentDigest, document: { digest } }),
    }),
    encodeEvent({ type: "PolicyActivated", data: create(PolicyActivatedSchema, { revision: POLICY_REVISION }) }),
  ];
  const log = createTestEventLog({ url, ledger });
  try {
    await log.append({
      stream: { tenant, type: "policy", id: "default" },
      expectedVersion: 0,
      events,
      contents: [{ digest, salt, body: DOCUMENT }],
      time: new Date(Date.UTC(2025, 11, 31)),
    });
  } finally {
    await log.close();
  }
  return events.length;
}
