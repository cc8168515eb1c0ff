import type { Person } from "./person.ts";

/** A person who is on, and of whom nothing else is known than `known`. */
export function samplePerson(known: Partial<Person> = {}): Person {
  return {
    id: "",
    displayName: "",
    active: true,
    groups: [],
    teams: [],
    principals: [],
    accounts: [],
    email: "",
    managerId: undefined,
    onCall: [],
    standsInFor: [],
    away: false,
    roles: [],
    ...known,
  };
}
