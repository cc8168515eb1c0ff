import { NO_PROFILE, type Profile } from "../../domain/profile.ts";
import { z } from "zod";
import { DirectoryStoreError } from "../../usecases/ports.ts";

const text = z.string();
const stored = z.strictObject({
  userName: text,
  externalId: text,
  displayName: text,
  formattedName: text,
  givenName: text,
  familyName: text,
  emails: z.array(z.strictObject({ value: text, type: text, primary: z.boolean() })),
  department: text,
  managerId: text,
  team: text,
  principals: z.array(z.strictObject({ issuer: text, id: text })),
  accounts: z.array(z.strictObject({ channel: text, workspace: text, id: text })),
});

/** What a profile's content holds. Members that a later build adds are optional here. */
export function toBody(profile: Profile): Uint8Array {
  return Buffer.from(JSON.stringify(profile));
}

/** @throws DirectoryStoreError unreadable, when another build wrote it in another way. */
export function fromBody(body: Uint8Array | undefined): Profile {
  if (body === undefined) return NO_PROFILE;
  try {
    return stored.parse(JSON.parse(Buffer.from(body).toString("utf8")));
  } catch (error) {
    throw new DirectoryStoreError("unreadable", "a person's profile is not as this build writes it", { cause: error });
  }
}
