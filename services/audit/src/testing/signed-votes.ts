import { create, toBinary } from "@bufbuild/protobuf";
import { decodeEvent, encodeEvent } from "@countersign/events";
import type { NewEvent } from "@countersign/event-log";
import { grantKey, signVote } from "@countersign/evidence/testing";
import { VoteDecision } from "@countersign/proto/v1/action_pb";
import { GetGrantKeysResponseSchema } from "@countersign/proto/v1/action_service_pb";

/** As `approval` tells it. */
export async function getGrantKeys(): Promise<Uint8Array> {
  const jwks = JSON.stringify({ keys: [{ kty: "OKP", crv: "Ed25519", ...grantKey }] });
  return toBinary(GetGrantKeysResponseSchema, create(GetGrantKeysResponseSchema, { jwks }));
}

/** A vote with its signature; any other event as it is. */
export function signedVote(action: { readonly tenant: string; readonly id: string }, time: Date, event: NewEvent): NewEvent {
  const decoded = event.type === "VoteCast" ? decodeEvent(event) : undefined;
  if (decoded?.type !== "VoteCast") return event;
  const { reviewer, digest, shownDigest, decision, stage } = decoded.data;
  const vote = {
    tenant: action.tenant,
    action_id: action.id,
    digest: Buffer.from(digest).toString("hex"),
    shown_digest: Buffer.from(shownDigest).toString("hex"),
    reviewer: { issuer: reviewer?.issuer ?? "", id: reviewer?.id ?? "" },
    decision: decision === VoteDecision.APPROVE ? "approve" : "reject",
    stage,
    time: time.toISOString(),
  };
  return encodeEvent({ type: "VoteCast", data: { ...decoded.data, keyId: grantKey.kid, signature: signVote(vote) } });
}
