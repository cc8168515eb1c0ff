import { styleText } from "node:util";

/** Tells the story: chapters, what happens, and what was checked. A check that fails ends the demo with an error. */
export type Narrator = {
  chapter(title: string): void;
  /** Who does what. */
  says(who: string, what: string): void;
  /** Something to look at, indented. */
  shows(text: string): void;
  /** A fact that the story depends on. */
  checks(fact: string, holds: boolean): void;
  /** What was checked so far. */
  checked(): number;
};

/** Writes to a terminal; colours only where the stream understands them. */
export function createNarrator(out: NodeJS.WriteStream): Narrator {
  let chapters = 0;
  let checks = 0;
  const style = (format: Parameters<typeof styleText>[0], text: string): string => styleText(format, text, { stream: out });
  const line = (text = ""): void => void out.write(`${text}\n`);
  return {
    chapter: (title) => {
      chapters += 1;
      line();
      line(style("bold", `${chapters}. ${title}`));
      line();
    },
    says: (who, what) => line(`   ${style("cyan", who.padEnd(WHO_WIDTH))} ${what}`),
    shows: (text) => {
      for (const row of text.trimEnd().split("\n")) line(`   ${" ".repeat(WHO_WIDTH)} ${style("dim", "│")} ${row}`);
    },
    checks: (fact, holds) => {
      if (!holds) throw new Error(`the story does not hold: ${fact}`);
      checks += 1;
      line(`   ${style("green", "✓".padStart(WHO_WIDTH))} ${fact}`);
    },
    checked: () => checks,
  };
}

const WHO_WIDTH = 13;
