/** Marks up a piece of text. */
export type Paint = {
  readonly strong: (text: string) => string;
  readonly warn: (text: string) => string;
  readonly good: (text: string) => string;
};

/** No escape sequences: for files, pipes and people who set NO_COLOR. */
export const plain: Paint = { strong: (text) => text, warn: (text) => text, good: (text) => text };

/** SGR escape sequences, for terminals. */
export const colours: Paint = { strong: sgr(1), warn: sgr(33), good: sgr(32) };

function sgr(code: number): (text: string) => string {
  return (text) => `\u001b[${code}m${text}\u001b[0m`;
}
