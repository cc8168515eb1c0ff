import type { DirectoryClient, Person, Resolved } from "@countersign/directory-client";
import type { PrincipalName } from "@countersign/review-view";
import { RetryableDeliveryError, TerminalDeliveryError, type Delivery } from "../../usecases/channel.ts";

/** A person who can get mail. */
export type Recipient = { readonly personId: string; readonly address: string };

export type FindRecipients = {
  /** Everybody whom the open stage asks, those who stand in for them included. */
  asked(delivery: Pick<Delivery, "tenant" | "stage">): Promise<readonly Recipient[]>;
  /** The person who has this account. */
  behind(tenant: string, principal: PrincipalName): Promise<Recipient | undefined>;
  /** One of those who were told before, if still there. */
  known(tenant: string, personId: string): Promise<Recipient | undefined>;
};

/** One mailbox, in ASCII: nothing that a mail server or a header could read as more than that. */
const MAILBOX = /^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])$/;

/** Addresses come from the directory and nowhere else. */
export function findRecipients(directory: DirectoryClient, clock: () => Date): FindRecipients {
  const resolve = (tenant: string, who: Parameters<DirectoryClient["resolvePerson"]>[1]) =>
    asked(directory.resolvePerson(tenant, who, clock()));
  return {
    asked: async ({ tenant, stage }) => {
      if (stage === undefined) return [];
      const { groups, people = [], schedules = [] } = stage;
      const principals = people.map(principalsOf);
      const personIds = people.filter((name) => principalsOf(name).length === 0);
      const listed = await asked(directory.listReviewers(tenant, { groups, schedules, personIds }, clock()));
      if (!listed.managed) throw new TerminalDeliveryError("the tenant keeps no people in the directory: nobody's address is known");
      const named = await Promise.all(principals.map((readings) => onlyOne(readings.map((principal) => resolve(tenant, { principal })))));
      return recipientsOf([...listed.people, ...named.flat()]);
    },
    behind: async (tenant, principal) => {
      const found = await resolve(tenant, { principal });
      return found.managed && found.person !== undefined ? recipientsOf([found.person])[0] : undefined;
    },
    known: async (tenant, personId) => {
      const found = await resolve(tenant, { personId });
      return found.managed && found.person !== undefined ? recipientsOf([found.person])[0] : undefined;
    },
  };
}

async function asked<Answer>(question: Promise<Answer>): Promise<Answer> {
  return question.catch((cause: unknown) => {
    throw new RetryableDeliveryError("the directory did not say who is to be told", { cause });
  });
}

/** Both parts of `<issuer>#<id>` may have a # of their own: every way to read it. */
function principalsOf(name: string): readonly PrincipalName[] {
  return [...name.matchAll(/#/g)].map(({ index }) => ({ issuer: name.slice(0, index), id: name.slice(index + 1) })).slice(0, MOST_READINGS);
}

const MOST_READINGS = 8;

/** Whom the readings of a name mean; more than one person: nobody in particular, so none is told what may not be theirs. */
async function onlyOne(readings: readonly Promise<Resolved>[]): Promise<readonly Person[]> {
  const people = (await Promise.all(readings)).flatMap((found) => (found.managed && found.person !== undefined ? [found.person] : []));
  return new Set(people.map(({ id }) => id)).size === 1 ? people.slice(0, 1) : [];
}

function recipientsOf(people: readonly Person[]): Recipient[] {
  const reachable = people.filter(({ active, email }) => active && MAILBOX.test(email));
  return [...new Map(reachable.map(({ id, email }) => [id, { personId: id, address: email }])).values()];
}
