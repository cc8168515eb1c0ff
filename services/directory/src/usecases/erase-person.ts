import { erasePerson } from "../domain/decide-people.ts";
import type { Rejection } from "../domain/decided.ts";
import type { Directories } from "./directories.ts";
import type { ChangedBy, DirectoryStore, KeptProfile } from "./ports.ts";

export type Erase = {
  readonly tenant: string;
  readonly personId: string;
  readonly reason: string;
  readonly force: boolean;
  readonly dryRun: boolean;
};

export type Erased =
  /** `position` of the event; undefined in a dry run, and when nothing was left. */
  | { readonly ok: true; readonly profiles: readonly KeptProfile[]; readonly position: number | undefined }
  | { readonly ok: false; readonly code: Rejection | "lost_race" };

const ATTEMPTS = 16;

/** Erases every profile that is kept of a person. A dry run is refused where the real one would be. @throws DirectoryStoreError */
export async function eraseProfiles(
  { directories, store }: { readonly directories: Directories; readonly store: DirectoryStore },
  by: ChangedBy,
  { tenant, personId, reason, force, dryRun }: Erase,
): Promise<Erased> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const { version, known, profiles } = await store.profilesOf(tenant, personId);
    if (!known) return { ok: false, code: "unknown_person" };
    const directory = await directories.current(tenant);
    // A profile that came in between would be left: look again.
    if (directory.version !== version) continue;
    const decided = erasePerson(directory, { personId, digests: profiles.map(({ digest }) => digest), reason, force });
    if ("rejection" in decided) return { ok: false, code: decided.rejection };
    if (dryRun || decided.events.length === 0) return { ok: true, profiles, position: undefined };
    const stored = await store.append(tenant, version, decided.events, by);
    if (stored !== undefined) return { ok: true, profiles, position: stored.at(-1)?.position };
  }
  return { ok: false, code: "lost_race" };
}
