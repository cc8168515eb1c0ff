import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { PolicyRevisionSchema } from "@countersign/proto/v1/policy_service_pb";
import type { Revision, Term } from "../domain/stream-state.ts";

export function toRevisionMessage(revision: Revision, active: boolean, document = ""): MessageInitShape<typeof PolicyRevisionSchema> {
  return {
    revision: BigInt(revision.revision),
    documentDigest: Buffer.from(revision.documentDigest, "hex"),
    document,
    ...(revision.publisher && { publisher: revision.publisher }),
    publishTime: timestampFromMs(revision.timeMs),
    active,
    ...(revision.term && toTerm(revision.term)),
  };
}

function toTerm({ activator, fromMs, toMs }: Term) {
  return {
    ...(activator && { activator }),
    activateTime: timestampFromMs(fromMs),
    ...(toMs !== undefined && { replaceTime: timestampFromMs(toMs) }),
  };
}
