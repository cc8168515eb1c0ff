import { styleText } from "node:util";
import { wrap } from "./wrap.ts";

/** Tells the story: chapters, what happens, and what was checked. A check that fails ends the demo with an error. */
export type Narrator = {
  chapter(title: string): void;
  /** Who does what. */
  says(who: string, what: string): void;
  /** Something to look at, behind a bar. `hanging` is put before what a long line goes on with. */
  shows(text: string, hanging?: string): void;
  /** A fact that the story depends on. */
  checks(fact: string, holds: boolean): void;
  /** How many facts were checked so far. */
  checked(): number;
  /** How wide a line that is shown can be. */
  readonly columns: number;
};

/** Writes to a terminal, at most as wide as it is; colours only where the stream understands them. */
export function createNarrator(out: NodeJS.WriteStream): Narrator {
  const width = Math.max(80, Math.min(out.columns ?? WIDEST, WIDEST));
  let chapters = 0;
  let checks = 0;
  const style = (format: Parameters<typeof styleText>[0], text: string): string => styleText(format, text, { stream: out });
  const line = (text = ""): void => void out.write(`${text}\n`);
  /** A first column and a text that stays to the right of it. */
  const beside = (first: string, text: string): void => {
    const [head = "", ...rest] = wrap(text, width - COLUMN);
    line(`  ${first} ${head}`);
    for (const more of rest) line(`${" ".repeat(COLUMN)}${more}`);
  };
  return {
    columns: width - BAR.length,
    chapter: (title) => {
      chapters += 1;
      line();
      line(style("bold", `${chapters}. ${title}`));
      line();
    },
    says: (who, what) => beside(style("cyan", who.padEnd(WHO)), what),
    shows: (text, hanging = "") => {
      const rows = text
        .trimEnd()
        .split("\n")
        .flatMap((row) => wrap(row, width - BAR.length, hanging));
      for (const row of rows) line(`${style("dim", BAR)}${row}`);
    },
    checks: (fact, holds) => {
      if (!holds) throw new Error(`the story does not hold: ${fact}`);
      checks += 1;
      beside(style("green", "✓".padStart(WHO)), fact);
    },
    checked: () => checks,
  };
}

const WIDEST = 110;
/** Room for `second-data-owner`. */
const WHO = 17;
const COLUMN = WHO + 3;
const BAR = "    │ ";
