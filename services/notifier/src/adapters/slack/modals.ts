import type { ModalView } from "@slack/types";
import { plainText, textSections } from "./blocks.ts";

export const MODALS = {
  approve: "countersign.approve",
  reject: "countersign.reject",
  edit: "countersign.edit",
  ask: "countersign.ask",
} as const;
export const FIELDS = { reason: "reason", properties: "properties" } as const;

/** What a text field of Slack holds at most. */
export const FIELD_CHARACTERS = 3000;

/** Asks why. The sealed card travels with the form, so the answer names what the message showed when the form was opened. */
export function reasonModal(kind: "approve" | "reject", sealed: string): ModalView {
  const rejects = kind === "reject";
  return {
    type: "modal",
    callback_id: MODALS[kind],
    private_metadata: sealed,
    title: plainText(rejects ? "Reject" : "Approve"),
    submit: plainText(rejects ? "Reject" : "Approve"),
    close: plainText("Back"),
    blocks: [reasonField(rejects ? "Why? The requester is told." : "Why?")],
  };
}

/** Asks what the requester is to be asked. */
export function askModal(sealed: string): ModalView {
  return {
    type: "modal",
    callback_id: MODALS.ask,
    private_metadata: sealed,
    title: plainText("Ask"),
    submit: plainText("Ask"),
    close: plainText("Back"),
    blocks: [reasonField("What? The requester is told, and answers here.")],
  };
}

/** Asks for other parameters: a new digest, so policy answers again and earlier votes lapse. */
export function editModal(sealed: string, properties: string): ModalView {
  return {
    type: "modal",
    callback_id: MODALS.edit,
    private_metadata: sealed,
    title: plainText("Edit"),
    submit: plainText("Change"),
    close: plainText("Back"),
    blocks: [
      ...textSections(["Policy answers again, earlier votes lapse, and you may not approve the result yourself."]),
      {
        type: "input",
        block_id: FIELDS.properties,
        label: plainText("Parameters (JSON)"),
        element: {
          type: "plain_text_input",
          action_id: FIELDS.properties,
          multiline: true,
          initial_value: properties,
          max_length: FIELD_CHARACTERS,
        },
      },
      reasonField("Why?"),
    ],
  };
}

function reasonField(label: string): ModalView["blocks"][number] {
  return {
    type: "input",
    block_id: FIELDS.reason,
    label: plainText(label),
    element: { type: "plain_text_input", action_id: FIELDS.reason, multiline: true, min_length: 1, max_length: FIELD_CHARACTERS },
  };
}
