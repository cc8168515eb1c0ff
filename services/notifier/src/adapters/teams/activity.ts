import { z } from "zod";

const text = z.string().max(512);

const action = z.looseObject({
  verb: text,
  data: z.looseObject({ card: z.string().max(2000) }),
});

const activity = z.looseObject({
  type: text,
  name: text.optional(),
  id: text.optional(),
  serviceUrl: text,
  channelId: text,
  from: z.looseObject({ id: text, aadObjectId: text.optional(), name: text.optional().catch(undefined) }),
  conversation: z.looseObject({ id: text, tenantId: text.optional() }),
  channelData: z.looseObject({ tenant: z.looseObject({ id: text }).optional() }).optional(),
  replyToId: text.optional(),
  value: z.unknown().optional(),
});

/** What the Bot Framework posts to a bot. */
export type TeamsActivity = z.output<typeof activity>;
export type CardAction = z.output<typeof action>;

export function readActivity(json: unknown): TeamsActivity | undefined {
  return activity.safeParse(json).data;
}

/** What `Action.Execute` sent; undefined for anything else. */
export function readCardAction({ type, name, value }: TeamsActivity): CardAction | undefined {
  if (type !== "invoke" || name !== "adaptiveCard/action") return undefined;
  return z.looseObject({ action }).safeParse(value).data?.action;
}

/** By the ids of Entra: an organisation and an object in it. */
export function teamsAccount({ from, conversation, channelData }: TeamsActivity) {
  const workspace = conversation.tenantId ?? channelData?.tenant?.id;
  if (workspace === undefined || from.aadObjectId === undefined) return undefined;
  return { channel: "teams", workspace, id: from.aadObjectId, displayName: from.name ?? "", workspaceName: "" };
}

/** A message in a channel names the conversation with the message that began it. */
export function conversationOf({ conversation }: TeamsActivity): string {
  return conversation.id.split(";")[0] ?? "";
}

/** What was typed into a field of the card. */
export function inputOf({ data }: CardAction, field: string): string {
  const value: unknown = Reflect.get(data, field);
  return typeof value === "string" ? value.slice(0, 200_000).trim() : "";
}
