import { createHmac } from "node:crypto";

export type FakeBlock = { readonly type: string; readonly text?: { readonly text: string }; readonly elements?: readonly FakeButton[] };
export type FakeButton = { readonly action_id: string; readonly value?: string; readonly url?: string };

export type FakeMessage = {
  readonly ts: string;
  readonly conversation: string;
  text: string;
  blocks: readonly FakeBlock[];
  metadata: { readonly event_type: string; readonly event_payload: Readonly<Record<string, unknown>> } | undefined;
  /** How often it was changed. */
  updates: number;
};

export type FakeView = {
  readonly callback_id: string;
  readonly private_metadata: string;
  readonly blocks: readonly { readonly block_id?: string; readonly element?: { readonly initial_value?: string } }[];
};

export type User = { readonly id: string; readonly team: string };

/** A call's arguments. */
export type Form = URLSearchParams;
export type Answer = { readonly status: number; readonly json?: unknown; readonly headers?: Readonly<Record<string, string>> };

export function ok(more: object): Answer {
  return { status: 200, json: { ok: true, ...more } };
}

/** The argument of a call that is JSON, if it was given. */
export function json(form: Form, field: string): unknown {
  const text = form.get(field);
  return text === null ? undefined : JSON.parse(text);
}

/** A frame of Socket Mode. */
export function envelope(id: string, payload: object): string {
  return JSON.stringify({ envelope_id: id, type: "interactive", accepts_response_payload: true, payload });
}

/** What a signed request carries. */
export function signedHeaders(secret: string, body: string, at: Date = new Date()): Record<string, string> {
  const timestamp = String(Math.floor(at.getTime() / 1000));
  const mac = createHmac("sha256", secret).update(`v0:${timestamp}:${body}`).digest("hex");
  return {
    "content-type": "application/x-www-form-urlencoded",
    "x-slack-request-timestamp": timestamp,
    "x-slack-signature": `v0=${mac}`,
  };
}

/** What a form sends that a user filled in. */
export function submission(sent: {
  readonly user: User;
  readonly team: string;
  readonly view: FakeView;
  readonly values: Readonly<Record<string, string>>;
}): object {
  const { user, team, view } = sent;
  const values = Object.fromEntries(
    Object.entries(sent.values).map(([field, value]) => [field, { [field]: { type: "plain_text_input", value } }]),
  );
  return {
    type: "view_submission",
    user: { id: user.id, team_id: user.team },
    team: { id: team },
    view: { id: "V1", type: "modal", ...view, state: { values } },
  };
}
