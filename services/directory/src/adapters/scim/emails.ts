import type { Email } from "../../domain/profile.ts";
import type { Op } from "./operations.ts";
import type { Path, Term } from "./path.ts";
import { badValue, ScimError } from "./scim-error.ts";
import { booleanOf, isRecord, listOf, memberOf, textOf, type Json } from "./values.ts";

const MAX_EMAILS = 20;

/** The addresses after one operation on `emails`, `emails[...]` or `emails[...].value`. @throws ScimError */
export function changeEmails(emails: readonly Email[], op: Op, path: Path, value: Json | undefined): readonly Email[] {
  const after = path.terms.length === 0 ? changeAll(emails, op, path, value) : changeSome(emails, op, path, value);
  if (after.length > MAX_EMAILS) throw badValue("emails", `has more than ${MAX_EMAILS} items`);
  return after;
}

export function matches(email: Email, terms: readonly Term[]): boolean {
  return terms.every(({ path: { attribute }, value }) => {
    if (attribute === "primary") return email.primary === (String(value).toLowerCase() === "true");
    if (attribute === "type") return email.type.toLowerCase() === String(value).toLowerCase();
    return attribute === "value" && email.value.toLowerCase() === String(value).toLowerCase();
  });
}

function changeAll(emails: readonly Email[], op: Op, { sub }: Path, value: Json | undefined): readonly Email[] {
  if (sub !== "")
    throw new ScimError(400, 'emails needs a filter before a part of it, such as emails[type eq "work"].value', "invalidPath");
  const given = listOf(value).map(readEmail);
  if (op === "replace") return given;
  const others = emails.filter(({ value: address }) => given.every((one) => one.value.toLowerCase() !== address.toLowerCase()));
  if (op === "add") return [...others, ...given];
  return value === undefined || value === null ? [] : others;
}

function changeSome(emails: readonly Email[], op: Op, { terms, sub }: Path, value: Json | undefined): readonly Email[] {
  if (op === "remove") return emails.filter((email) => !matches(email, terms));
  const change = changeOf(sub, value);
  if (emails.some((email) => matches(email, terms)))
    return emails.map((email) => (matches(email, terms) ? { ...email, ...change } : email));
  // RFC 7644 has noTarget for this; Entra replaces what it never added, and means it.
  const implied = terms.map(({ path, value: wanted }) => changeOf(path.attribute, wanted));
  return [...emails, Object.assign({ value: "", type: "", primary: false }, ...implied, change) as Email];
}

function changeOf(sub: string, value: Json | undefined): Partial<Email> {
  switch (sub) {
    case "":
      return isRecord(value) ? readEmail(value) : { value: textOf("emails.value", value, 320) };
    case "value":
      return { value: textOf("emails.value", value, 320) };
    case "type":
      return { type: textOf("emails.type", value, 64) };
    case "primary":
      return { primary: booleanOf("emails.primary", value) };
    case "display":
      return {};
    default:
      throw new ScimError(400, `emails has no part ${sub}`, "invalidPath");
  }
}

function readEmail(item: Json): Email {
  if (typeof item === "string") return { value: textOf("emails.value", item, 320), type: "", primary: false };
  if (!isRecord(item)) throw badValue("emails", "must hold objects");
  const primary = memberOf(item, "primary");
  return {
    value: textOf("emails.value", memberOf(item, "value"), 320),
    type: textOf("emails.type", memberOf(item, "type"), 64),
    primary: primary === undefined || primary === null ? false : booleanOf("emails.primary", primary),
  };
}
