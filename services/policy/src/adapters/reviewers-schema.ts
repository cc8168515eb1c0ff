import { z } from "zod";
import { MAX_PERSON, type Selector } from "../domain/reviewers.ts";
import { list, text } from "./schema-parts.ts";

/** The members that list people. */
export const reviewerMembers = {
  groups: list(text(128), 50).optional().describe("Members of these groups."),
  people: list(text(MAX_PERSON), 50).optional().describe("Ids of people in the directory, or <issuer>#<id> of a token."),
  on_call: list(text(128), 20).optional().describe("Whoever is on call in these schedules."),
  resource_owner: z.literal(true).optional().describe("Whom resource.properties.owner names, as people are named."),
  requester_manager: z.literal(true).optional().describe("The manager of the human behind the request."),
};

type ReviewersText = z.output<z.ZodObject<typeof reviewerMembers>>;

/** Who is listed, in a fixed order. */
export function selectorsFromText(listed: ReviewersText): readonly Selector[] {
  return [
    ...(listed.groups ?? []).map((name): Selector => ({ kind: "group", name })),
    ...(listed.people ?? []).map((id): Selector => ({ kind: "person", id })),
    ...(listed.on_call ?? []).map((schedule): Selector => ({ kind: "on_call", schedule })),
    ...(listed.resource_owner ? [{ kind: "resource_owner" } as const] : []),
    ...(listed.requester_manager ? [{ kind: "requester_manager" } as const] : []),
  ];
}
