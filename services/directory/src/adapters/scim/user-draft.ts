import type { PersonDraft } from "../../domain/decide-people.ts";
import { NO_PROFILE, type Profile } from "../../domain/profile.ts";
import { changeEmails } from "./emails.ts";
import { withPaths, type Op, type Operation } from "./operations.ts";
import { setOwnAttribute } from "./own-attributes.ts";
import { parsePath, type Path } from "./path.ts";
import { badValue, ScimError } from "./scim-error.ts";
import { booleanOf, isRecord, memberOf, textOf, type Json } from "./values.ts";

/** Attributes of RFC 7643 that we do not keep. Anything else must be a mistake, and a mistake must not pass for a change. */
const NOT_KEPT = new Set(
  "schemas id meta nickname profileurl title usertype preferredlanguage locale timezone password phonenumbers ims photos addresses entitlements roles x509certificates".split(
    " ",
  ),
);

/** A whole user, as POST and PUT send it. `active` stays as it is where the request does not say. @throws ScimError */
export function readUser(body: Json, active: boolean): PersonDraft {
  if (!isRecord(body)) throw new ScimError(400, "the body must be a JSON object", "invalidSyntax");
  // `groups` is read-only: it is ignored here (RFC 7644, 3.5.1), and refused in a PATCH that names it.
  const members = Object.entries(body).filter(([name]) => name.toLowerCase() !== "groups");
  return patchUser({ profile: NO_PROFILE, active }, [{ op: "replace", path: "", value: Object.fromEntries(members) }]);
}

/** The user after these operations, one after the other. @throws ScimError */
export function patchUser(before: PersonDraft, operations: readonly Operation[]): PersonDraft {
  const after = operations.flatMap(withPaths).reduce(patched, before);
  if (after.profile.userName === "") throw badValue("userName", "is required");
  return after;
}

function patched(draft: PersonDraft, { op, path: text, value }: Operation): PersonDraft {
  const path = parsePath(text);
  if (path.schema === "unknown") return draft;
  if (path.attribute === "") {
    // The name of an extension, with its attributes as members.
    return withPaths({ op, path: "", value }).reduce((next, one) => patched(next, { ...one, path: `${text}:${one.path}` }), draft);
  }
  if (path.schema === "core" && path.attribute === "active") return { ...draft, active: op !== "remove" && booleanOf("active", value) };
  return { ...draft, profile: { ...draft.profile, ...changeOf(draft.profile, op, path, value) } };
}

function changeOf(profile: Profile, op: Op, path: Path, value: Json | undefined): Partial<Profile> {
  const given = op === "remove" ? undefined : value;
  if (path.schema === "enterprise") return enterpriseChange(path, given);
  if (path.schema === "own") return setOwnAttribute(profile, op, path, value);
  switch (path.attribute) {
    case "username":
      return { userName: textOf("userName", given) };
    case "externalid":
      return { externalId: textOf("externalId", given) };
    case "displayname":
      return { displayName: textOf("displayName", given) };
    case "name":
      return nameChange(path, given);
    case "emails":
      return { emails: changeEmails(profile.emails, op, path, value) };
    case "groups":
      throw new ScimError(400, "groups is read-only: change the members of the group", "mutability");
    default:
      if (NOT_KEPT.has(path.attribute)) return {};
      throw new ScimError(400, `there is no attribute ${path.attribute}`, "invalidPath");
  }
}

function nameChange({ sub }: Path, value: Json | undefined): Partial<Profile> {
  if (sub === "") {
    if (value !== undefined && value !== null && !isRecord(value)) throw badValue("name", "must be an object");
    const part = (name: string): Json | undefined => (isRecord(value) ? memberOf(value, name) : undefined);
    return {
      formattedName: textOf("name.formatted", part("formatted")),
      givenName: textOf("name.givenName", part("givenName")),
      familyName: textOf("name.familyName", part("familyName")),
    };
  }
  if (sub === "formatted") return { formattedName: textOf("name.formatted", value) };
  if (sub === "givenname") return { givenName: textOf("name.givenName", value) };
  if (sub === "familyname") return { familyName: textOf("name.familyName", value) };
  return {};
}

function enterpriseChange({ attribute, sub }: Path, value: Json | undefined): Partial<Profile> {
  if (attribute === "department") return { department: textOf("department", value) };
  if (attribute !== "manager" || (sub !== "" && sub !== "value")) return {};
  return { managerId: textOf("manager.value", isRecord(value) ? memberOf(value, "value") : value) };
}
