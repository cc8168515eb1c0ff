import type { RawAnswer, RawRequest } from "../http/listener.ts";
import type { Background } from "../background.ts";
import { readInteraction } from "./interaction.ts";
import { isSlackSignature } from "./signature.ts";
import type { Taken } from "./slack-answers.ts";
import type { SlackInteraction } from "./interaction.ts";

export type SlackRequestDeps = {
  readonly signingSecret: string;
  readonly clock: () => Date;
  /** False for a request that was taken before. */
  readonly isFirstTime: (id: string) => Promise<boolean>;
  readonly take: (interaction: SlackInteraction) => Taken;
  readonly background: Background;
};

/** The request URL of an app: interactions as signed forms. */
export async function slackRequest(deps: SlackRequestDeps, { headers, body }: RawRequest): Promise<RawAnswer> {
  const signature = header(headers["x-slack-signature"]);
  if (!isSlackSignature(deps.signingSecret, header(headers["x-slack-request-timestamp"]), signature, body, deps.clock()))
    return { status: 401 };
  const form = new URLSearchParams(body.toString("utf8"));
  if (form.get("ssl_check") === "1") return { status: 200 };
  const interaction = readInteraction(parse(form.get("payload")));
  if (interaction === undefined || signature === undefined) return { status: 400 };
  if (!(await deps.isFirstTime(signature))) return { status: 200 };
  const { ack, work } = deps.take(interaction);
  if (work !== undefined) deps.background.run(work);
  return ack === undefined ? { status: 200 } : { status: 200, json: ack };
}

function header(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? undefined : value;
}

function parse(text: string | null): unknown {
  try {
    return JSON.parse(text ?? "");
  } catch {
    return undefined;
  }
}
