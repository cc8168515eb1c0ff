/** The longest name of a person, in characters. */
export const MAX_PERSON = 512;

/** Names people who may vote. */
export type Selector =
  | { readonly kind: "group"; readonly name: string }
  /** Its id in the directory, or `<issuer>#<id>`. */
  | { readonly kind: "person"; readonly id: string }
  | { readonly kind: "on_call"; readonly schedule: string }
  | { readonly kind: "requester_manager" }
  /** Whom `resource.properties.owner` names. No verdict holds it: there it is that person, or nobody. */
  | { readonly kind: "resource_owner" };

/** Approvals that a stage needs. One human counts for one `at_least` of it only. */
export type Quorum =
  | { readonly kind: "at_least"; readonly count: number; readonly of: readonly Selector[] }
  | { readonly kind: "all" | "any"; readonly of: readonly Quorum[] };

/** Every selector in it, in its order. */
export function selectorsOf(quorum: Quorum): readonly Selector[] {
  return quorum.kind === "at_least" ? quorum.of : quorum.of.flatMap(selectorsOf);
}

/** The sets of `at_least` of which one must hold as a whole. Their number is the work of whoever counts votes. */
export function alternativesOf(quorum: Quorum): readonly (readonly Extract<Quorum, { kind: "at_least" }>[])[] {
  if (quorum.kind === "at_least") return [[quorum]];
  const parts = quorum.of.map(alternativesOf);
  if (quorum.kind === "any") return parts.flat();
  return parts.reduce((sofar, part) => sofar.flatMap((before) => part.map((after) => [...before, ...after])), [[]]);
}

/** The most that a quorum may ask of whoever counts votes. */
const QUORUM_LIMITS = { alternatives: 32, people: 100 } as const;

/** What is wrong with a quorum's size, if anything. Counted without building what would be too much. */
export function quorumSizeProblem(quorum: Quorum): string | undefined {
  if (alternatives(quorum) > QUORUM_LIMITS.alternatives)
    return `has more than ${QUORUM_LIMITS.alternatives} ways to be reached; write fewer \`or\` between parentheses`;
  const most = people(quorum);
  return most > QUORUM_LIMITS.people ? `asks for ${most} people, and ${QUORUM_LIMITS.people} are the most` : undefined;
}

/**
 * Why so many people can never approve, if that is sure: how many belong to a group or a schedule is not known here, any other selector is one at most.
 * `also` counts for every part.
 */
export function quorumReachProblem(quorum: Quorum, also: readonly Selector[] = []): string | undefined {
  const ways = alternativesOf(quorum).map((parts) => {
    const few = parts.filter(({ of }) => [...of, ...also].every(isOneAtMost));
    return [...few.map((part) => [part]), few].map((together) => shortage(together, also)).find((problem) => problem !== undefined);
  });
  return ways.every((problem) => problem !== undefined) ? ways[0] : undefined;
}

function isOneAtMost({ kind }: Selector): boolean {
  return kind !== "group" && kind !== "on_call";
}

/** One human fills one place only. */
function shortage(parts: readonly Extract<Quorum, { kind: "at_least" }>[], also: readonly Selector[]): string | undefined {
  const asked = parts.reduce((sum, { count }) => sum + count, 0);
  const named = new Set(parts.flatMap(({ of }) => [...of, ...also]).map((selector) => JSON.stringify(selector))).size;
  return named < asked
    ? `can never be reached: it asks for ${asked} people, and ${named === 1 ? "one is" : `${named} are`} named; ask for fewer, or name more people or a group`
    : undefined;
}

function alternatives(quorum: Quorum): number {
  if (quorum.kind === "at_least") return 1;
  const counts = quorum.of.map(alternatives);
  return counts.reduce((sofar, count) => (quorum.kind === "any" ? sofar + count : sofar * count), quorum.kind === "any" ? 0 : 1);
}

function people(quorum: Quorum): number {
  if (quorum.kind === "at_least") return quorum.count;
  const counts = quorum.of.map(people);
  return quorum.kind === "any" ? Math.max(...counts) : counts.reduce((sofar, count) => sofar + count, 0);
}

/** The quorum with the resource's owner in the place of those who mean it; nobody when it has none. */
export function withResourceOwner(quorum: Quorum, owner: string | undefined): Quorum {
  if (quorum.kind !== "at_least") return { ...quorum, of: quorum.of.map((part) => withResourceOwner(part, owner)) };
  return { ...quorum, of: ownerNamed(quorum.of, owner) };
}

/** Nobody is the person whose id is empty: no directory and no token has one. */
export function ownerNamed(selectors: readonly Selector[], owner: string | undefined): readonly Selector[] {
  return selectors.map((selector) => (selector.kind === "resource_owner" ? { kind: "person", id: owner ?? "" } : selector));
}
