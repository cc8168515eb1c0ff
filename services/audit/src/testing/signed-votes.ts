import { createHash, createPrivateKey, createPublicKey, sign } from "node:crypto";
import { create, toBinary } from "@bufbuild/protobuf";
import { canonicalJson } from "@countersign/digest";
import { decodeEvent, encodeEvent } from "@countersign/events";
import type { NewEvent } from "@countersign/event-log";
import type { GrantKey } from "@countersign/evidence";
import { VoteDecision } from "@countersign/proto/v1/action_pb";
import { GetGrantKeysResponseSchema } from "@countersign/proto/v1/action_service_pb";

const key = createPrivateKey({
  key: Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), Buffer.alloc(32, 42)]),
  format: "der",
  type: "pkcs8",
});
const x = createPublicKey(key).export({ format: "jwk" }).x ?? "";
const kid = createHash("sha256")
  .update(JSON.stringify({ crv: "Ed25519", kty: "OKP", x }))
  .digest("base64url");

/** The key of `approval` in tests. */
export const VOTE_KEY: GrantKey = { kid, x };

/** As `approval` tells it. */
export async function getGrantKeys(): Promise<Uint8Array> {
  const jwks = JSON.stringify({ keys: [{ kty: "OKP", crv: "Ed25519", ...VOTE_KEY }] });
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
  const signature = sign(null, Buffer.from(`countersign-vote/v1\n${canonicalJson(vote)}`), key);
  return encodeEvent({ type: "VoteCast", data: { ...decoded.data, keyId: kid, signature } });
}
