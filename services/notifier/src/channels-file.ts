import { z } from "zod";
import { common, eventsOf, groups, name, secret } from "./channel-fields.ts";
import { isWebhookSecret } from "./adapters/webhook/signature.ts";
import { urlProblem } from "./adapters/webhook/target.ts";
import { NOTIFIED_EVENTS, REVIEWER_EVENTS } from "./domain/notified-event.ts";
import { page } from "./page-file.ts";

const terminal = z.strictObject({
  ...common,
  kind: z.literal("terminal"),
  groups,
  /** Where it prints. */
  output: z.enum(["stdout", "stderr"]).default("stdout"),
  events: eventsOf(REVIEWER_EVENTS),
});

const webhook = z.strictObject({
  ...common,
  kind: z.literal("webhook"),
  /** https, port 443 or 8443, public address; else its `host:port` must be in `allowed_hosts`. */
  url: z.string().max(2048),
  /** One `whsec_` secret, or two while the receiver changes over. */
  secrets: z.array(z.string().refine(isWebhookSecret, "must be whsec_ and the base64 of 24 to 64 bytes")).min(1).max(2),
  events: eventsOf(NOTIFIED_EVENTS),
});

const teamsWorkflow = z.strictObject({
  ...common,
  kind: z.literal("teams-workflow"),
  groups,
  /** The workflow's URL; the rules of webhooks hold for it. */
  url: z.string().max(2048),
  events: eventsOf(REVIEWER_EVENTS),
});

const mail = z
  .strictObject({
    ...common,
    kind: z.literal("email"),
    groups,
    /** The sender; its domain also names the messages. */
    from: z.email(),
    host: z.string().regex(/^[A-Za-z0-9.:-]{1,253}$/, "must be a host name"),
    port: z.int().min(1).max(65_535).default(587),
    /** `none` is for a mail server on this machine. */
    security: z.enum(["tls", "starttls", "none"]).default("starttls"),
    user: z.string().min(1).max(320).optional(),
    password: secret.optional(),
    /** Messages that the server takes in a second. */
    per_second: z.number().positive().max(100).default(5),
    /** Reviews whose risk score is lower than `below` come together, in one message for so many minutes. */
    digest: z.strictObject({ below: z.number().positive(), minutes: z.number().positive().max(1440).default(15) }).optional(),
    events: eventsOf([...REVIEWER_EVENTS, "StageOpened"]),
  })
  .refine(({ security, user }) => security !== "none" || user === undefined, {
    path: ["security"],
    message: "would send the password in the clear",
  });

const pagerDuty = z.strictObject({
  ...common,
  kind: z.literal("pagerduty"),
  groups,
  /** Of an integration "Events API v2" of the service. */
  routing_key: z.string().regex(/^[A-Za-z0-9]{32}$/, "must be the 32 characters of an integration key"),
  url: z.string().max(2048).default("https://events.pagerduty.com/v2/enqueue"),
  /** The lowest risk score that wakes somebody; 0: every review does. */
  urgent_from: z.number().min(0).default(50),
  events: eventsOf([...REVIEWER_EVENTS, "StageOpened", "VoteCast"]),
});

const chat = {
  ...common,
  groups,
  /** Name of the app that posts there. */
  app: name,
  /** Whether reviewers may change parameters there. */
  edit: z.boolean().default(true),
  /** Messages that the conversation takes in a second. */
  per_second: z.number().positive().max(100).default(1),
  events: eventsOf(NOTIFIED_EVENTS),
};

const slack = z.strictObject({
  ...chat,
  kind: z.literal("slack"),
  /** Id of the channel or direct message. */
  conversation: z.string().regex(/^[CGD][A-Z0-9]{2,30}$/, "must be an id such as C0123ABCD, not a name"),
});

const teams = z.strictObject({
  ...chat,
  kind: z.literal("teams"),
  /** Id of the conversation, `19:…`. */
  conversation: z.string().min(3).max(256),
});

const app = {
  name,
  /** Where a signed-in person decides: `{action}` and `{tenant}` are filled in. Buttons lead there when a click is too weak. */
  review_url: z
    .string()
    .regex(/^https:\/\/\S+$/, "must be https")
    .max(1000)
    .optional(),
  /** What people are told whose account nobody has linked. */
  link_help: z.string().max(500).default("Ask whoever runs Countersign to link it."),
};

const slackApp = z
  .strictObject({
    ...app,
    kind: z.literal("slack"),
    bot_token: secret,
    /** For requests over HTTP. */
    signing_secret: secret.optional(),
    /** For Socket Mode, which needs no address of ours. */
    app_token: secret.optional(),
    api_url: z.url().default("https://slack.com/api/"),
  })
  .refine(({ signing_secret: http, app_token: socket }) => (http === undefined) !== (socket === undefined), {
    message: "needs exactly one of signing_secret (HTTP) and app_token (Socket Mode)",
  });

const teamsApp = z.strictObject({
  ...app,
  kind: z.literal("teams"),
  app_id: z.string().min(1).max(128),
  app_password: secret,
  /** The organisation of a single-tenant bot; `botframework.com` for others. */
  tenant_id: z.string().min(1).max(128).default("botframework.com"),
  /** Where Teams takes messages for its region; never taken from what comes in. */
  service_url: z.url().default("https://smba.trafficmanager.net/teams/"),
  login_url: z.url().default("https://login.microsoftonline.com/"),
  openid_url: z.url().default("https://login.botframework.com/v1/.well-known/openidconfiguration"),
});

export const channelsFile = z
  .strictObject({
    apps: z.array(z.discriminatedUnion("kind", [slackApp, teamsApp])).default([]),
    channels: z.array(z.discriminatedUnion("kind", [terminal, webhook, slack, teams, teamsWorkflow, mail, pagerDuty])).default([]),
    /** Where people open a review, sign in and decide. */
    page: page.optional(),
    /** `host:port` that webhooks may reach although they are not https or not public: for development, and for receivers in one's own network. */
    allowed_hosts: z.array(z.string().regex(/^[^\s/@]+:\d{1,5}$/, "must be host:port")).default([]),
    /** Ended deliveries are forgotten after so many days. */
    retention_days: z.int().min(31).max(3650).default(90),
  })
  .superRefine((file, context) => {
    const complain = (path: PropertyKey[], message: string): void => context.addIssue({ code: "custom", path, message });
    for (const [index, { name: given }] of file.apps.entries()) {
      if (file.apps.findIndex((other) => other.name === given) !== index) complain(["apps", index, "name"], "is used twice");
    }
    for (const [index, channel] of file.channels.entries()) {
      const path = (field: string): PropertyKey[] => ["channels", index, field];
      if (file.channels.findIndex((other) => other.name === channel.name) !== index) complain(path("name"), "is used twice");
      if ("url" in channel) {
        const problem = urlProblem(channel.url, { allowedHosts: file.allowed_hosts });
        if (problem !== undefined) complain(path("url"), problem);
      }
      if ("app" in channel && file.apps.find((known) => known.name === channel.app)?.kind !== channel.kind)
        complain(path("app"), `is no ${channel.kind} app of this file`);
    }
  });

type File = z.output<typeof channelsFile>;
export type ChannelConfig = File["channels"][number];
export type AppConfig = File["apps"][number];
export type SlackAppConfig = AppConfig & { readonly kind: "slack" };
export type TeamsAppConfig = AppConfig & { readonly kind: "teams" };
export type MailChannelConfig = ChannelConfig & { readonly kind: "email" };
export type PagerDutyChannelConfig = ChannelConfig & { readonly kind: "pagerduty" };
