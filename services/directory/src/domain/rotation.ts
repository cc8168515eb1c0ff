/** People who take turns, by user name. */
export type Rotation = { readonly startMs: number; readonly turnMs: number; readonly people: readonly string[] };

/** Somebody takes a shift out of turn: then nobody else has it. */
export type Override = { readonly fromMs: number; readonly untilMs: number; readonly person: string };

export type Schedule = { readonly rotations: readonly Rotation[]; readonly overrides: readonly Override[] };

/** Who is on call at a moment, by user name: one of each rotation, unless somebody stepped in. */
export function onCallAt({ rotations, overrides }: Schedule, atMs: number): readonly string[] {
  const steppedIn = overrides.filter(({ fromMs, untilMs }) => fromMs <= atMs && atMs < untilMs).map(({ person }) => person);
  if (steppedIn.length > 0) return steppedIn;
  return rotations.flatMap(({ startMs, turnMs, people }) => {
    if (atMs < startMs) return [];
    return people[Math.floor((atMs - startMs) / turnMs) % people.length] ?? [];
  });
}
