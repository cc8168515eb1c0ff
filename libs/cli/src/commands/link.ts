import type { CountersignClient } from "@countersign/client";
import {
  LinkAccountResponseSchema,
  UnlinkAccountResponseSchema,
  type ChannelAccount,
  type GetLinkOfferResponse,
  type LinkAccountResponse,
} from "@countersign/proto/v1/directory_service_pb";
import { visible } from "@countersign/review-view";
import type { Command } from "commander";
import { withContext, type Io } from "../context.ts";
import { UsageError } from "../errors.ts";
import { moment } from "../output.ts";
import { parseAccount } from "../parse.ts";

type NamedAccount = Pick<ChannelAccount, "channel" | "workspace" | "id">;

/** Accounts in chats: link, unlink. */
export function addLinkCommands(program: Command, io: Io): void {
  program
    .command("link")
    .description("make the account yours that a channel showed this code to; shows it, and asks")
    .argument("<code>", "never one that somebody else sent you")
    .option("--account <account>", "CHANNEL:WORKSPACE/USER that is yours: links this one and no other, without asking", parseAccount)
    .action((code: string, { account }: { account?: NamedAccount }, command: Command) =>
      withContext(command, io, async ({ client, output, command: called }) => {
        const reply = await link(client.directory, { code, account, ask: io.ask });
        const linked = accountText(reply.account);
        output.message(
          LinkAccountResponseSchema,
          reply,
          () => `${linked} is yours now: whoever clicks there decides as you.\nIf it is not yours: ${called} unlink ${linked}`,
        );
      }),
    );
  program
    .command("unlink")
    .description("take a linked account away from you")
    .argument("<account>", "CHANNEL:WORKSPACE/USER, as whoami shows it", parseAccount)
    .action((account: NamedAccount, _options: object, command: Command) =>
      withContext(command, io, async ({ client, output }) => {
        output.message(UnlinkAccountResponseSchema, await client.directory.unlinkAccount({ account }), () => "it is not yours any more");
      }),
    );
}

type Linking = { readonly code: string; readonly account: NamedAccount | undefined; readonly ask: Io["ask"] };

/** Links what its human has seen, or has named itself. @throws UsageError when nobody is there to say so. */
export async function link(
  directory: Pick<CountersignClient["directory"], "getLinkOffer" | "linkAccount">,
  { code, account, ask }: Linking,
): Promise<LinkAccountResponse> {
  if (account !== undefined) return directory.linkAccount({ code, account });
  const offer = await directory.getLinkOffer({ code });
  const shown = offerText(offer);
  if (ask === undefined) throw new UsageError(`${shown}\nIf it is yours, say so: --account ${accountText(offer.account)}`);
  const answer = await ask(`${shown}\nIs this account yours? Type yes to link it: `);
  if (answer.trim().toLowerCase() !== "yes") throw new UsageError("nothing was linked");
  return directory.linkAccount({ code, ...(offer.account === undefined ? {} : { account: offer.account }) });
}

function offerText({ account, displayName, workspaceName, expireTime }: GetLinkOfferResponse): string {
  const shown = (text: string): string => (text === "" ? "not told" : visible(text).text);
  const rows: readonly (readonly [string, string])[] = [
    ["channel", shown(account?.channel ?? "")],
    ["workspace", `${shown(account?.workspace ?? "")} (called: ${shown(workspaceName)})`],
    ["user", `${shown(account?.id ?? "")} (calls itself: ${shown(displayName)})`],
    ["until", moment(expireTime)],
  ];
  const facts = rows.map(([name, value]) => `  ${name.padEnd(10)}${value}`).join("\n");
  return `The code links this account to you:\n${facts}\nWhoever clicks there decides as you from then on. If somebody sent you the code, the account is theirs.`;
}

export function accountText(account: ChannelAccount | undefined): string {
  return account === undefined ? "" : visible(`${account.channel}:${account.workspace}/${account.id}`).text;
}
