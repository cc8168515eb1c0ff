import { hash } from "node:crypto";
import type { ContentRecord } from "../segment.ts";
import { canonicalMembers, type Member } from "./canonical-text.ts";

type Input = NonNullable<ContentRecord["content"]>;

/**
 * The action digest of an input whose text is canonical, as a text of bytes: the text that the digest covers is put together out of pieces of the input's own, which costs a tenth of
 * parsing it and writing it again. Undefined for every other input: then it is `actionDigest` that knows.
 */
export function digestOfCanonical(tenant: string, { salt, body }: Input, bindingContext: readonly string[]): string | undefined {
  if (body.length > MOST_BYTES || !tenant.isWellFormed()) return undefined;
  const text = textOf(Buffer.from(body.buffer, body.byteOffset, body.byteLength), tenant, bindingContext);
  if (text === undefined || salt.length + 3 * text.length > hashed.length) return undefined;
  hashed.set(salt);
  const length = salt.length + hashed.write(text, salt.length, "utf8");
  return hash("sha256", hashed.subarray(0, length), "binary");
}

function textOf(body: Buffer, tenant: string, bindingContext: readonly string[]): string | undefined {
  const members = canonicalMembers(body, 0, body.length);
  if (members === undefined) return undefined;
  const [action, ...rest] = members;
  const [context, resource, subject] = rest.length === 3 ? rest : [undefined, ...rest];
  const names = namesOf(members);
  if (names !== 'action"context"resource"subject' && names !== 'action"resource"subject') return undefined;
  const [actionText, resourceText, subjectText] = [partOf(body, action), partOf(body, resource), partOf(body, subject)];
  const bound = context === undefined ? "" : boundOf(body, context, bindingContext);
  if (actionText === undefined || resourceText === undefined || subjectText === undefined || bound === undefined) return undefined;
  return `{"action":${actionText},"context":{${bound}},"resource":${resourceText},"subject":${subjectText},"tenant":${JSON.stringify(tenant)}}`;
}

/** With a quote between them, which no name has that is told for sure: a name may well have a comma, and would count as two. */
const namesOf = (members: readonly Member[]): string => members.map(({ name }) => name).join('"');

/** An action, a resource or a subject: properties that are absent count as none. */
function partOf(body: Buffer, part: Member | undefined): string | undefined {
  const members = part && canonicalMembers(body, part.begin, part.end);
  if (members === undefined) return undefined;
  const [first, second, third] = members;
  const value = (member: Member | undefined): string => (member === undefined ? "" : slice(body, member));
  switch (namesOf(members)) {
    case "name":
      return `{"name":${value(first)},"properties":{}}`;
    case 'id"type':
      return `{"id":${value(first)},"properties":{},"type":${value(second)}}`;
    case 'name"properties':
      return value(second) === "null" ? undefined : `{"name":${value(first)},"properties":${value(second)}}`;
    case 'id"properties"type':
      return value(second) === "null" ? undefined : `{"id":${value(first)},"properties":${value(second)},"type":${value(third)}}`;
    default:
      return undefined;
  }
}

/** The members of the context that bind. Names that every object has are not for us. */
function boundOf(body: Buffer, context: Member, bindingContext: readonly string[]): string | undefined {
  const members = canonicalMembers(body, context.begin, context.end);
  if (members === undefined || bindingContext.some((name) => name in {})) return undefined;
  return members
    .filter(({ name }) => bindingContext.includes(name))
    .map((member) => `"${member.name}":${slice(body, member)}`)
    .join();
}

const slice = (body: Buffer, { begin, end }: Member): string => body.toString("latin1", begin, end);

/** Of an input that is looked at this way, and room for what it makes. */
const MOST_BYTES = 16_384;
const hashed = Buffer.alloc(4 * MOST_BYTES);
