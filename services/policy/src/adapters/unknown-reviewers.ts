import { CommandError } from "@countersign/bus";
import { DirectoryUnreachableError, type DirectoryClient, type Reviewers } from "@countersign/directory-client";
import type { PolicyDocument } from "../domain/document.ts";
import { namedReviewers } from "../domain/named-reviewers.ts";
import type { Selector } from "../domain/reviewers.ts";

/** Tells a document's author of reviewers who are nobody: a review by them would only wait for its deadline. */
export type UnknownReviewers = (tenant: string, document: PolicyDocument) => Promise<readonly string[]>;

const UNCHECKED = "whether its reviewers exist could not be checked: ";

/** Asks the directory, for a tenant that keeps its people there. Publishing must not wait for it: without an answer that is what is told. */
export function createUnknownReviewers(directory: Pick<DirectoryClient, "listReviewers">, clock: () => Date): UnknownReviewers {
  return async (tenant, document) => {
    const named = namedReviewers(document);
    const selectors = named.map(({ selector }) => selector);
    const wanted = {
      groups: selectors.flatMap((one) => (one.kind === "group" ? one.name : [])),
      schedules: selectors.flatMap((one) => (one.kind === "on_call" ? one.schedule : [])),
      // The others are known by their tokens.
      personIds: selectors.flatMap((one) => (one.kind === "person" && !one.id.includes("#") ? one.id : [])),
    };
    if (Object.values(wanted).every((names) => names.length === 0)) return [];
    try {
      const listed = await directory.listReviewers(tenant, wanted, clock());
      return named.flatMap(({ selector, where }) => {
        const unknown = unknownText(selector, listed);
        return unknown === undefined ? [] : `${where} asks ${unknown}`;
      });
    } catch (error) {
      if (error instanceof DirectoryUnreachableError) return [`${UNCHECKED}the directory does not answer`];
      // What is asked about may be published already.
      if (error instanceof CommandError && error.code === "DATA_LOSS") return [`${UNCHECKED}the directory's log is corrupt`];
      throw error;
    }
  };
}

function unknownText(selector: Selector, listed: Reviewers): string | undefined {
  if (!listed.managed) return undefined;
  switch (selector.kind) {
    case "group":
      return listed.unknownGroups?.includes(selector.name) ? `group "${selector.name}", in which the directory has nobody` : undefined;
    case "person":
      return listed.unknownPersonIds?.includes(selector.id) ? `"${selector.id}", who is nobody in the directory` : undefined;
    case "on_call":
      return listed.unknownSchedules?.includes(selector.schedule) ? `schedule "${selector.schedule}", which cannot be read` : undefined;
    case "requester_manager":
    case "resource_owner":
      return undefined;
    default:
      return selector satisfies never;
  }
}
