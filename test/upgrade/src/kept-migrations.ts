import type { MigrationTexts } from "./baseline.ts";

const REMEDY = "add a migration instead; while nobody runs a release, `npm run upgrade:baseline` makes the baseline anew";

/** What was made of migrations that databases out there have run: each must be there, word by word, and in its place. */
export function brokenMigrations(then: MigrationTexts, now: MigrationTexts): readonly string[] {
  return Object.entries(then).flatMap(([schema, migrations]) => {
    const kept = Object.keys(now[schema] ?? {}).slice(0, Object.keys(migrations).length);
    return Object.entries(migrations).flatMap(([name, text], index) => {
      if (now[schema]?.[name] === undefined) return [`${schema} ${name} is gone: ${REMEDY}`];
      if (now[schema][name] !== text) return [`${schema} ${name} was edited: ${REMEDY}`];
      return kept[index] === name ? [] : [`${schema} ${name} has another place: ${REMEDY}`];
    });
  });
}
