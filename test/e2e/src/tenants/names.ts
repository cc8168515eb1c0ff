import { randomBytes, randomUUID } from "node:crypto";
import type { ActionInput } from "@countersign/client";
import { EXPORT } from "../scenes.ts";

/** An action as a vote has to name it. */
export type NamedAction = { readonly id: string; readonly version: bigint; readonly digest: Uint8Array; readonly shownDigest: Uint8Array };

type Account = { readonly channel: string; readonly workspace: string; readonly id: string };

/** Whatever a request can name. */
export type Names = {
  readonly action: NamedAction;
  readonly eventId: string;
  /** Of that event, in the ledger. */
  readonly position: bigint;
  readonly exportId: string;
  readonly grantToken: string;
  /** Idempotency keys of calls that were made with them. */
  readonly keys: { readonly request: string; readonly redeem: string; readonly comment: string };
  readonly input: ActionInput;
  readonly document: string;
  readonly revision: bigint;
  readonly pages: {
    readonly actions: string;
    readonly reviews: string;
    readonly revisions: string;
    readonly deadLetters: string;
    readonly deliveries: string;
  };
  readonly person: { readonly id: string; readonly userName: string };
  readonly delegationId: string;
  readonly code: string;
  /** The one that the code is for, and one that is somebody's. */
  readonly account: Account;
  readonly linked: Account;
  readonly channel: string;
  readonly deliveryId: bigint;
};

/** Names of the same form that nothing ever had. */
export function nobodysNames(like: Names): Names {
  const action = { id: randomUUID(), version: like.action.version, digest: randomBytes(32), shownDigest: randomBytes(32) };
  const fresh = (): string => randomUUID();
  const { person, account, linked } = like;
  return {
    action,
    eventId: randomUUID(),
    position: 900_000_000n,
    exportId: randomUUID(),
    grantToken: readdressed(like.grantToken, { action_id: action.id }),
    keys: { request: fresh(), redeem: fresh(), comment: fresh() },
    input: EXPORT,
    document: like.document,
    revision: 9000n,
    pages: { actions: flipped(like.pages.actions), reviews: flipped(like.pages.reviews), revisions: "", deadLetters: "", deliveries: "" },
    person: { id: randomUUID(), userName: `x${person.userName}` },
    delegationId: randomUUID(),
    code: [...like.code].toReversed().join(""),
    account: { ...account, id: [...account.id].toReversed().join("") },
    linked: { ...linked, id: [...linked.id].toReversed().join("") },
    channel: `x${like.channel.slice(1)}`,
    deliveryId: 900_000_000n,
  };
}

/** The token with other claims, which its signature does not cover. */
export function readdressed(token: string, claims: object): string {
  const [head = "", payload = "", signature = ""] = token.split(".");
  const said = JSON.parse(Buffer.from(payload, "base64url").toString()) as object;
  return [head, Buffer.from(JSON.stringify({ ...said, ...claims })).toString("base64url"), signature].join(".");
}

function flipped(token: string): string {
  const bytes = Buffer.from(token, "base64url");
  bytes[0] = (bytes[0] ?? 0) ^ 1;
  return bytes.toString("base64url");
}
