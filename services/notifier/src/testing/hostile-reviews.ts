import { readFileSync } from "node:fs";
import type { ReviewComment, ReviewSource } from "@countersign/review-view";
import { sampleReview } from "./sample-review.ts";

export type Hostile = { readonly name: string; readonly text: string };

/** The corpus of hostile inputs, as it is used for every channel. */
export const hostileTexts = JSON.parse(
  readFileSync(new URL("../../../../libs/review-view/testdata/hostile.json", import.meta.url), "utf8"),
) as readonly Hostile[];

/** A review with a hostile text wherever one can stand. */
export function hostileReview(text: string): ReviewSource {
  const input = sampleReview.input;
  if (input === undefined) throw new Error("the sample has an input");
  return {
    ...sampleReview,
    input: {
      subject: { type: text, id: text, properties: { [text]: text } },
      action: { name: text, properties: { [text]: text, command: text, list: [text, { [text]: text }], db_password: text } },
      resource: { type: text, id: text, properties: { [text]: text } },
      context: { environment: text, justification: text, [text]: text },
    },
    ...(sampleReview.review === undefined
      ? {}
      : {
          review: {
            ...sampleReview.review,
            comments: hostileComments(text),
            claim: hostileClaim(text),
            editor: { issuer: text, id: text },
          },
        }),
    ...(sampleReview.requester === undefined ? {} : { requester: { ...sampleReview.requester, id: text, issuer: text } }),
    ...(sampleReview.verdict === undefined ? {} : { verdict: { ...sampleReview.verdict, rule: text, reasons: [text] } }),
  };
}

function hostileComments(text: string): readonly ReviewComment[] {
  const said = { author: { issuer: text, id: text }, text, question: 0, answer: 0 };
  return [
    { ...said, number: 1, kind: "question", byRequester: false },
    { ...said, number: 2, kind: "remark", byRequester: true },
  ];
}

function hostileClaim(text: string) {
  return { reviewer: { issuer: text, id: text }, since: new Date(0), until: new Date(1000) };
}

/** Everything that a screen could obey, reorder or hide. */
export const UNSAFE = /(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;
