import type { JsonObject } from "@countersign/review-view";

/** Exactly what one message showed. It travels in the message, sealed, so an answer names what its sender looked at. */
export type ShownCard = {
  readonly channel: string;
  readonly tenant: string;
  readonly actionId: string;
  /** Lower-case hex. */
  readonly digest: string;
  readonly version: number;
  /** Lower-case hex: names the view, redactions included. */
  readonly shownDigest: string;
};

/** Who answered, as the chat service proved it: ids, never names. */
export type Account = { readonly channel: string; readonly workspace: string; readonly id: string };

/** The account with what the chat service calls it and its workspace, for people who are to tell whose it is. Texts of its own choice; may be empty. */
export type ChatUser = Account & { readonly displayName: string; readonly workspaceName: string };

export type Decision =
  | { readonly kind: "approve"; readonly reason: string }
  | { readonly kind: "reject"; readonly reason: string }
  | { readonly kind: "edit"; readonly reason: string; readonly properties: JsonObject };

/** What somebody does about a review without deciding it. */
export type Word = { readonly kind: "ask"; readonly text: string } | { readonly kind: "claim" } | { readonly kind: "release" };

/** What `approval` said to a vote. */
export type VoteReply =
  | { readonly outcome: "recorded" }
  /** `reason`: from the table of reasons. `changed`: names of what is shown differently now, as hostile as any text. */
  | { readonly outcome: "refused"; readonly reason: string; readonly changed?: string }
  /** Nobody answered: it may be recorded or not, and the message will show which. */
  | { readonly outcome: "unknown" };

/** What became of an answer. */
export type AnswerResult = VoteReply | { readonly outcome: "unlinked"; readonly linkCode?: string } | { readonly outcome: "nobody-knows" };

export type AnswerPorts = {
  /** A code by which a signed-in human makes this account its own; undefined: this tenant links nobody, or not now. Shown to that account only. */
  readonly offerLink: (tenant: string, user: ChatUser) => Promise<string | undefined>;
  /** As whoever the account is, which approval asks the directory. */
  readonly submitVote: (account: Account, card: ShownCard, decision: Decision) => Promise<VoteReply>;
  /** The same for what decides nothing. */
  readonly discuss: (account: Account, card: ShownCard, word: Word) => Promise<VoteReply>;
  /** Makes the message of this channel show the action as it is. */
  readonly refresh: (card: ShownCard) => Promise<void>;
};

/**
 * Takes one answer from a chat. The vote is the person's own, with the digest and version that its message showed; the message itself is left alone: what it
 * says next comes from the log.
 */
export async function takeAnswer(ports: AnswerPorts, user: ChatUser, card: ShownCard, decision: Decision): Promise<AnswerResult> {
  const { channel, workspace, id } = user;
  return settle(ports, user, card, await ports.submitVote({ channel, workspace, id }, card, decision));
}

/** Takes a question or a claim from a chat, as the person whose account it is. */
export async function takeWord(ports: AnswerPorts, user: ChatUser, card: ShownCard, word: Word): Promise<AnswerResult> {
  const { channel, workspace, id } = user;
  return settle(ports, user, card, await ports.discuss({ channel, workspace, id }, card, word));
}

async function settle(ports: AnswerPorts, user: ChatUser, card: ShownCard, reply: VoteReply): Promise<AnswerResult> {
  if (reply.outcome === "refused" && reply.reason === "DIRECTORY_UNREACHABLE") return { outcome: "nobody-knows" };
  if (reply.outcome === "refused" && reply.reason === "NOT_IN_DIRECTORY") {
    const linkCode = await ports.offerLink(card.tenant, user);
    return { outcome: "unlinked", ...(linkCode === undefined ? {} : { linkCode }) };
  }
  // Whoever was refused, or heard nothing, looks at something that may be old.
  if (reply.outcome !== "recorded") await ports.refresh(card);
  return reply;
}
