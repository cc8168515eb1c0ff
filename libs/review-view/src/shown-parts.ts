import { aboutRequest, claimsOf, type Fact, parametersOf, titleOf } from "./review-parts.ts";
import type { DecidedOn } from "./review-source.ts";
import type { ShownMembers } from "./shown-members.ts";
import type { ShownText, TextHash } from "./shown-text.ts";

/** Characters of one text; beyond, its hash stands for it. */
const CHARACTERS = 600;

/** What people decide on, rendered: all of it, however little a channel has room for. */
export type ShownParts = {
  readonly title: ShownText;
  /** Who asked, and why people are asked. */
  readonly about: readonly Fact[];
  readonly parameters: ShownMembers;
  readonly claims: ShownMembers;
};

/** Renders it: what costs most of a digest and of a reading time, so that both can be made of one. */
export function shownParts(source: DecidedOn, sha256: TextHash): ShownParts {
  const limit = { characters: CHARACTERS, sha256 };
  return {
    title: titleOf(source, limit),
    about: aboutRequest(source, limit),
    parameters: parametersOf(source, limit, Infinity),
    claims: claimsOf(source, limit, Infinity),
  };
}
