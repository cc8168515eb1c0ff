import { silentLogger } from "@countersign/telemetry";
import { Background } from "../../../../services/notifier/src/adapters/background.ts";
import { cardSeal } from "../../../../services/notifier/src/adapters/card-seal.ts";
import { ACTIONS } from "../../../../services/notifier/src/adapters/slack/blocks.ts";
import { accountOf, fieldOf } from "../../../../services/notifier/src/adapters/slack/interaction.ts";
import { FIELDS, MODALS } from "../../../../services/notifier/src/adapters/slack/modals.ts";
import { slackSignature } from "../../../../services/notifier/src/adapters/slack/signature.ts";
import { slackRequest } from "../../../../services/notifier/src/adapters/slack/slack-requests.ts";
import { VERBS } from "../../../../services/notifier/src/adapters/teams/adaptive-card.ts";
import { teamsRequest, type TeamsAnswerDeps } from "../../../../services/notifier/src/adapters/teams/invoke.ts";
import { sampleReview } from "../../../../services/notifier/src/testing/sample-review.ts";
import type { Account, Decision, ShownCard } from "../../../../services/notifier/src/usecases/answer.ts";
import { json, must, textOf, texts, type Target } from "../engine/target.ts";

const SECRET = "a-secret-of-the-chat";
const NOW = new Date(Date.UTC(2026, 2, 1));
const SECONDS = String(NOW.getTime() / 1000);
const card: ShownCard = {
  channel: "chat",
  tenant: "acme",
  actionId: sampleReview.id,
  digest: sampleReview.digest,
  version: 3,
  shownDigest: "cd".repeat(32),
};
const seal = cardSeal(SECRET);
const sealed = seal.seal(card);

const user = { id: "U01", team_id: "T01", name: "alice" };
const click = {
  type: "block_actions",
  trigger_id: "1.2",
  user,
  team: { id: "T01", domain: "acme" },
  channel: { id: "C01" },
  actions: [{ action_id: ACTIONS.approve, value: sealed }],
};
const form = (callback: string, field: string, value: string) => ({
  type: "view_submission",
  user,
  team: null,
  view: { callback_id: callback, private_metadata: sealed, state: { values: { [field]: { [field]: { value } } } } },
});
const slackForms = [click, form(MODALS.reject, FIELDS.reason, "no"), form(MODALS.edit, FIELDS.properties, '{"limit": 5}')];

/** Interactions of Slack, in the form that it posts and signs; over Socket Mode the same payload comes without the form. */
export const slackInteractions: Target = {
  name: "slack",
  kind: "form",
  refusals: [],
  words: ["payload", "ssl_check", "block_actions", "view_submission", ...Object.values(ACTIONS), ...Object.values(FIELDS), sealed],
  prepare: () => ({
    seeds: texts(...slackForms.map((payload) => new URLSearchParams({ payload: JSON.stringify(payload) }).toString())),
    run: async (input) => {
      const body = Buffer.from(input);
      const said: string[] = [];
      const background = new Background(silentLogger);
      const headers = { "x-slack-request-timestamp": SECONDS, "x-slack-signature": slackSignature(SECRET, SECONDS, body) };
      const { status } = await slackRequest(
        {
          signingSecret: SECRET,
          clock: () => NOW,
          isFirstTime: async () => true,
          take: (interaction) => {
            said.push(JSON.stringify(accountOf(interaction)));
            if (interaction.type === "view_submission")
              said.push(fieldOf(interaction, FIELDS.reason), JSON.stringify(seal.open(interaction.view.private_metadata)));
            else said.push(JSON.stringify(interaction.actions.map(({ value }) => seal.open(value))));
            return {};
          },
          background,
        },
        { url: "/slack/app/interactions", headers, body },
      );
      must([200, 400].includes(status), "Slack is answered with an odd status");
      return said.join("\n");
    },
  }),
};

const activity = (verb: string, more: object = {}) => ({
  type: "invoke",
  name: "adaptiveCard/action",
  id: "1",
  serviceUrl: "https://smba.example/",
  channelId: "msteams",
  from: { id: "29:x", aadObjectId: "0e1f", name: "Alice" },
  conversation: { id: "19:abc@thread.tacv2;messageid=1", tenantId: "72f9" },
  channelData: { tenant: { id: "72f9" } },
  value: { action: { verb, data: { card: sealed, ...more } } },
});

/** Activities that the Bot Framework posts, its token taken as genuine. */
export const teamsActivities: Target = {
  name: "teams",
  kind: "json",
  refusals: [],
  words: ["invoke", "message", "adaptiveCard/action", ...Object.values(VERBS), "properties", "approveReason", "aadObjectId", sealed],
  prepare: () => ({
    seeds: json(
      activity(VERBS.approve, { approveReason: "fine" }),
      activity(VERBS.reject, { rejectReason: "no" }),
      activity(VERBS.edit, { editReason: "less", properties: '{"table": "customers", "limit": 5}' }),
      activity(VERBS.ask, { question: "why?" }),
      activity(VERBS.refresh),
      { ...activity(VERBS.claim), type: "message" },
    ),
    run: async (input) => {
      const background = new Background(silentLogger);
      const body = Buffer.from(textOf(input));
      const { status, json: reply } = await teamsRequest(teams(background), {
        url: "/teams/app/messages",
        headers: { authorization: "Bearer a.b.c" },
        body,
      });
      await background.settled();
      must([200, 400, 501].includes(status), "Teams is answered with an odd status");
      return JSON.stringify(reply ?? "");
    },
  }),
};

function teams(background: Background): TeamsAnswerDeps {
  const submitVote = async (account: Account, shown: ShownCard, decision: Decision) => {
    must(account.id !== "" && shown.actionId === card.actionId, "a vote is somebody else's");
    must(decision.kind !== "edit" || Object.getPrototypeOf(decision.properties) === Object.prototype, "an edit is no plain object");
    return { outcome: "recorded" } as const;
  };
  return {
    tokens: { isGenuine: async () => true },
    seal,
    ports: { offerLink: async () => undefined, submitVote, discuss: async () => ({ outcome: "unknown" }), refresh: async () => {} },
    readAction: async () => sampleReview,
    renderCard: async () => ({ type: "AdaptiveCard" }),
    conversationOf: () => "19:abc@thread.tacv2",
    url: () => "https://review.example/",
    linkHelp: "Ask.",
    background,
  };
}
