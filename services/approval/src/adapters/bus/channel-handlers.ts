import { CommandError, type CommandHandler } from "@countersign/bus";
import { encodeMessage } from "@countersign/events";
import { DirectoryUnreachableError, type ChannelAccount, type Person } from "@countersign/directory-client";
import { AuthenticationError, type WhoSignedIn } from "@countersign/identity";
import * as wire from "@countersign/proto/internal/v1/channel_pb";
import { GetActionRequestSchema, GetActionResponseSchema } from "@countersign/proto/v1/action_service_pb";
import type { SubmitVoteRequest } from "@countersign/proto/v1/review_service_pb";
import type { Principal } from "../../domain/principal.ts";
import type { Caller, Deps } from "../../usecases/ports.ts";
import { readAction } from "../../usecases/read-action.ts";
import { fromPrincipalMessage } from "../wire/principal-message.ts";
import { action } from "./answers.ts";
import { call } from "./call.ts";
import { claim, comment, release } from "./discussion-handlers.ts";
import { failure, fieldViolation } from "./failures.ts";
import { getReview, submitVote } from "./review-handlers.ts";

/**
 * All that notifier may ask. P3: who decides is never what it says: for a click in a chat the directory says whose account it was, and it counts as
 * a click and nothing stronger; for the page, a person's issuer says so.
 */
export function channelHandlers(deps: Deps, whoSignedIn: WhoSignedIn): Readonly<Record<string, CommandHandler>> {
  return {
    // Never with a token: a grant goes to its requester, and this is nobody's.
    GetActionForChannel: call(GetActionRequestSchema, async ({ actionId }, { principal: { tenant } }) => {
      const found = await readAction(deps, channelReader(tenant), actionId);
      if (found === undefined) throw failure("NOT_FOUND");
      return encodeMessage(GetActionResponseSchema, { action: action(found.view) });
    }),

    SubmitVoteFromChat: call(wire.SubmitVoteFromChatRequestSchema, async ({ account, vote }, caller) => {
      if (account === undefined) throw fieldViolation("account", "is required");
      const { channel, workspace, id } = account;
      const principal = await clicker(deps, caller.principal.tenant, { channel, workspace, id });
      return submitVote(deps, required(vote), { ...caller, principal });
    }),

    DiscussFromChat: call(wire.DiscussFromChatRequestSchema, async ({ account, word }, caller) => {
      if (account === undefined) throw fieldViolation("account", "is required");
      const { channel, workspace, id } = account;
      const human = { ...caller, principal: await clicker(deps, caller.principal.tenant, { channel, workspace, id }) };
      switch (word.case) {
        case "comment":
          return comment(deps, word.value, human);
        case "claim":
          return claim(deps, word.value, human);
        case "release":
          return release(deps, word.value, human);
        case undefined:
          throw fieldViolation("word", "must be comment, claim or release");
        default:
          return word satisfies never;
      }
    }),

    GetReviewFromPage: call(wire.GetReviewFromPageRequestSchema, async ({ idToken, review }, caller) => {
      const principal = await signedIn(whoSignedIn, caller, idToken);
      return getReview(deps, review?.actionId ?? "", principal);
    }),

    SubmitVoteFromPage: call(wire.SubmitVoteFromPageRequestSchema, async ({ idToken, vote }, caller) => {
      const principal = await signedIn(whoSignedIn, caller, idToken);
      return submitVote(deps, required(vote), { ...caller, principal });
    }),
  };
}

/** It may read any action of the tenant, and decide nothing. */
function channelReader(tenant: string): Principal {
  const nobody = { groups: [], chain: [], owner: undefined, signIn: "any" } as const;
  return { tenant, type: "service", issuer: "countersign", id: "notifier", roles: ["operator"], ...nobody };
}

/** The human behind an account, at the strength of a click. @throws CommandError */
async function clicker(deps: Deps, tenant: string, account: ChannelAccount): Promise<Principal> {
  const person = await whoseAccount(deps, tenant, account);
  const [principal] = person?.principals ?? [];
  if (person?.active !== true || principal === undefined)
    throw new CommandError("PERMISSION_DENIED", "NOT_IN_DIRECTORY", "The account is not linked to an active person of the directory.");
  const { groups, roles } = person;
  const human = { tenant, type: "human", ...principal, groups, roles, chain: [], owner: undefined, signIn: "chat" } as const;
  return reviewing(human);
}

async function whoseAccount({ directory, clock }: Deps, tenant: string, account: ChannelAccount): Promise<Person | undefined> {
  try {
    const found = await directory.resolvePerson(tenant, { account }, clock());
    return found.managed ? found.person : undefined;
  } catch (error) {
    throw error instanceof DirectoryUnreachableError ? failure("DIRECTORY_UNREACHABLE", error) : error;
  }
}

/** @throws CommandError */
async function signedIn(whoSignedIn: WhoSignedIn, { principal: { tenant } }: Caller, idToken: string): Promise<Principal> {
  const said = await whoSignedIn(tenant, idToken).catch((error: unknown) => {
    if (!(error instanceof AuthenticationError)) throw error;
    throw new CommandError(error.code === "ISSUER_UNREACHABLE" ? "UNAVAILABLE" : "UNAUTHENTICATED", error.code, error.message);
  });
  const principal = fromPrincipalMessage(said);
  if (principal === undefined) throw new CommandError("UNAUTHENTICATED", "TOKEN_INVALID", "The token is of no known type of principal.");
  return reviewing(principal);
}

/** What the front door asks of whoever votes there. @throws CommandError */
function reviewing(principal: Principal): Principal {
  if (principal.type !== "human" || principal.chain.length > 0) throw failure("NOT_HUMAN");
  if (principal.roles.includes("reviewer")) return principal;
  throw new CommandError("PERMISSION_DENIED", "ROLE_MISSING", "Only reviewers see and decide reviews.", {
    metadata: { roles: "reviewer" },
  });
}

function required(vote: SubmitVoteRequest | undefined): SubmitVoteRequest {
  if (vote === undefined) throw fieldViolation("vote", "is required");
  return vote;
}
