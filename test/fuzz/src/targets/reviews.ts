import { fromBinary } from "@bufbuild/protobuf";
import { ActionSchema, type Action } from "@countersign/proto/v1/action_pb";
import {
  colours,
  editableText,
  plain,
  readEdited,
  renderReview,
  reviewCard,
  toReviewSource,
  type RenderLimits,
} from "@countersign/review-view";
import { mailText } from "../../../../services/notifier/src/adapters/mail/mail-text.ts";
import { reviewPage } from "../../../../services/notifier/src/adapters/page/page-html.ts";
import { pagerDutyEvent } from "../../../../services/notifier/src/adapters/pagerduty/pagerduty-event.ts";
import { slackMessage } from "../../../../services/notifier/src/adapters/slack/blocks.ts";
import { adaptiveCard } from "../../../../services/notifier/src/adapters/teams/adaptive-card.ts";
import { LARGEST_PAYLOAD, webhookPayload } from "../../../../services/notifier/src/adapters/webhook/payload.ts";
import { UNSAFE } from "../../../../services/notifier/src/testing/hostile-reviews.ts";
import { sampleDelivery, sampleReview, sha256 } from "../../../../services/notifier/src/testing/sample-review.ts";
import { must, textOf, texts, type Target } from "../engine/target.ts";
import { sampleMessages } from "./sample-message.ts";

const DIGEST = Buffer.alloc(32, 7);
/** What each service takes of one message. */
const SLACK_BYTES = 40_000;
const TEAMS_BYTES = 28_000;
const MAIL_BYTES = 102_400;
const PAGER_BYTES = 512_000;

/** Reviews of actions in which every text is a stranger's, rendered for every channel: harmless and bounded. */
export const reviews: Target = {
  name: "reviews",
  kind: "protobuf",
  refusals: [],
  prepare: () => ({
    seeds: sampleMessages(ActionSchema),
    run: (input) => {
      const action = decoded(input);
      if (action === undefined) return undefined;
      const source = toReviewSource(action);
      const render = (limits?: RenderLimits) => renderReview(source, sha256, limits);
      const card = reviewCard(render(), { paint: plain, columns: 80 });
      must(!UNSAFE.test(card), "a terminal is shown what it would obey or hide");
      must(reviewCard(render(), { paint: colours, columns: 20 }).length > 0, "a card is empty");
      bounded("Slack", SLACK_BYTES, slackMessage(render, { sealed: "x", edit: true, url: undefined }));
      bounded("Teams", TEAMS_BYTES, adaptiveCard(render, { sealed: "x", editable: editableText(source), url: undefined, users: [] }));
      const mail = mailText(render, undefined, "ReviewOpened", false);
      bounded("mail", MAIL_BYTES, mail);
      must(!/[\r\n]/.test(mail.subject), "a subject holds a line break");
      must(!mail.html.includes("<script"), "a mail holds a script");
      const delivery = sampleDelivery(source, { render });
      must(Buffer.byteLength(webhookPayload(delivery)) <= LARGEST_PAYLOAD, "webhook: too large");
      bounded("PagerDuty", PAGER_BYTES, pagerDutyEvent(delivery, "trigger", "0".repeat(32), undefined));
      const properties = editableText(source);
      const edit = properties === undefined ? undefined : { properties, editable: source.editable };
      const form = { link: "l", token: "t", card: "c", edit, typed: { decision: "edit", reason: source.editable } };
      const page = reviewPage({
        view: render(),
        who: "alice",
        said: undefined,
        left: "1 hour",
        over: false,
        barred: undefined,
        may: { approve: true, reject: true, edit: true },
        stepUp: undefined,
        form,
      });
      must(!page.includes("<script"), "a page holds a script");
      return card;
    },
  }),
};

/** Approval sends what the log has: ids, tenants and digests are ours, all other texts and values a stranger's. */
function decoded(input: Uint8Array): Action | undefined {
  try {
    return {
      ...fromBinary(ActionSchema, input, { recursionLimit: 200 }),
      id: sampleReview.id,
      tenant: sampleReview.tenant,
      digest: DIGEST,
    };
  } catch {
    return undefined;
  }
}

function bounded(channel: string, most: number, message: unknown): void {
  must(Buffer.byteLength(typeof message === "string" ? message : JSON.stringify(message)) <= most, `${channel}: a message is too large`);
}

const withSecret = {
  ...sampleReview,
  input: sampleReview.input && {
    ...sampleReview.input,
    action: {
      name: "db.export",
      properties: { password: "hunter2", rows: 10, list: [{ token: "ghp_0123456789abcdefghijklmnopqrstuvwxyz" }, "x"] },
    },
  },
};

/** Parameters that come back from a form of a chat or a page, as whoever typed them. */
export const editedTexts: Target = {
  name: "edited-texts",
  kind: "json",
  refusals: [],
  words: ["(secret, not shown: leave this as it is)", "password", "token", "list", "rows"],
  prepare: () => ({
    seeds: texts(editableText(withSecret) ?? "", '{"rows": 3}'),
    run: (input) => {
      const edited = readEdited(textOf(input), withSecret);
      if ("problem" in edited) return edited.problem;
      must(Object.getPrototypeOf(edited.properties) === Object.prototype, "parameters are no plain object");
      return JSON.stringify(edited.properties);
    },
  }),
};
