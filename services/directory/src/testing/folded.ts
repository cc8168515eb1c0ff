import { Directory } from "../domain/directory.ts";
import type { DirectoryEvent } from "../domain/events.ts";
import { evolve } from "../domain/evolve.ts";
import type { Profile } from "../domain/profile.ts";

/** The directory after these events. */
export function after(...events: readonly DirectoryEvent[]): Directory {
  const directory = new Directory();
  for (const event of events) evolve(directory, event, 0);
  return directory;
}

export const provisioned = (personId: string, profile: Profile): DirectoryEvent => ({
  type: "PersonProvisioned",
  personId,
  profile,
  active: true,
  cause: "scim",
});

export const deactivated = (personId: string, removed: boolean): DirectoryEvent => ({
  type: "PersonDeactivated",
  personId,
  removed,
  cause: "scim",
});
