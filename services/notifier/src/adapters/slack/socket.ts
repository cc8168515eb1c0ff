import { SocketModeClient } from "@slack/socket-mode";
import type { Logger } from "@countersign/telemetry";
import type { Background } from "../background.ts";
import { readInteraction, type SlackInteraction } from "./interaction.ts";
import { slackLogger } from "./slack-api.ts";
import type { Taken } from "./slack-answers.ts";

export type SocketDeps = {
  readonly appToken: string;
  readonly apiUrl: string;
  readonly isFirstTime: (id: string) => Promise<boolean>;
  readonly take: (interaction: SlackInteraction) => Taken;
  readonly background: Background;
  readonly logger: Logger;
};

const AGAIN_MS = 2000;
const TIMEOUT_MS = 10_000;

type Envelope = { readonly ack: (answer?: object) => Promise<void>; readonly envelope_id: string; readonly body: unknown };

/**
 * Socket Mode: Slack sends interactions over a connection that we open. We connect again ourselves: the SDK's own way ends the process when Slack cannot be
 * reached at that moment.
 */
export function startSocket(deps: SocketDeps): { close(): Promise<void> } {
  const client = new SocketModeClient({
    appToken: deps.appToken,
    autoReconnectEnabled: false,
    logger: slackLogger(deps.logger),
    clientOptions: { slackApiUrl: deps.apiUrl, timeout: TIMEOUT_MS, retryConfig: { retries: 0 } },
  });
  const closing = new AbortController();
  client.on("interactive", (envelope: Envelope) => deps.background.run(() => take(deps, envelope)));
  const running = stayConnected(client, closing.signal, deps.logger);
  return {
    close: async () => {
      closing.abort();
      await running;
    },
  };
}

async function stayConnected(client: SocketModeClient, closing: AbortSignal, logger: Logger): Promise<void> {
  while (!closing.aborted) {
    const ended = Promise.withResolvers<void>();
    const end = (): void => ended.resolve();
    client.once("disconnected", end);
    try {
      await client.start();
      await Promise.race([ended.promise, aborted(closing)]);
    } catch (err) {
      logger.warn({ err }, "slack cannot be reached, trying again");
      await Promise.race([delay(AGAIN_MS), aborted(closing)]);
    } finally {
      client.off("disconnected", end);
    }
  }
  await Promise.race([client.disconnect().catch(() => {}), delay(AGAIN_MS)]);
}

/** Not acknowledged means that Slack sends it again: so first make sure that it counts once, then acknowledge, then work. */
async function take(deps: SocketDeps, { ack, envelope_id: id, body }: Envelope): Promise<void> {
  const interaction = readInteraction(body);
  const taken = interaction !== undefined && (await deps.isFirstTime(`envelope ${id}`)) ? deps.take(interaction) : {};
  await ack(taken.ack);
  await taken.work?.();
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
