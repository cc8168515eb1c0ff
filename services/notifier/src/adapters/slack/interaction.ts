import { z } from "zod";

const id = z.string().regex(/^[A-Z0-9]{2,32}$/);
/** Shown to people, and nothing is decided by it. */
const name = z.string().max(200).optional().catch(undefined);
const user = z.looseObject({ id, team_id: id.optional(), name });
const team = z.looseObject({ id, domain: name }).nullish();

const clicked = z.looseObject({
  type: z.literal("block_actions"),
  trigger_id: z.string().max(512),
  user,
  team,
  channel: z.looseObject({ id }).optional(),
  actions: z.array(z.looseObject({ action_id: z.string(), value: z.string().max(2000).optional() })).min(1),
});

const submitted = z.looseObject({
  type: z.literal("view_submission"),
  user,
  team,
  view: z.looseObject({
    callback_id: z.string(),
    private_metadata: z.string().max(3000),
    state: z.looseObject({ values: z.record(z.string(), z.record(z.string(), z.looseObject({ value: z.string().nullish() }))) }),
  }),
});

const interaction = z.discriminatedUnion("type", [clicked, submitted]);

/** A click on a button of a message, or a form that was sent. */
export type SlackInteraction = z.output<typeof interaction>;
export type SlackClick = z.output<typeof clicked>;
export type SlackSubmission = z.output<typeof submitted>;

/** Undefined for what we do not take in. */
export function readInteraction(payload: unknown): SlackInteraction | undefined {
  return interaction.safeParse(payload).data;
}

/** The workspace of the user, who in a shared channel may belong to another one than the channel. */
export function accountOf({ user: { id: userId, team_id: home, name: displayName = "" }, team: seen }: SlackInteraction) {
  const workspace = home ?? seen?.id;
  const workspaceName = workspace === seen?.id ? (seen?.domain ?? "") : "";
  return workspace === undefined ? undefined : { channel: "slack", workspace, id: userId, displayName, workspaceName };
}

export function fieldOf({ view }: SlackSubmission, field: string): string {
  return view.state.values[field]?.[field]?.value ?? "";
}
