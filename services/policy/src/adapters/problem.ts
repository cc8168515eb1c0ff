/** One thing that is wrong with a document. */
export type Problem = {
  /** For example `rules[2].when`; empty for the document as a whole. */
  readonly path: string;
  readonly message: string;
  /** 1-based line of the text, where one can be named. */
  readonly line?: number | undefined;
};

export type PathSegment = string | number;

/** `["rules", 2, "when"]` becomes `rules[2].when`. */
export function formatPath(path: readonly PathSegment[]): string {
  return path.map((segment, index) => (typeof segment === "number" ? `[${segment}]` : index === 0 ? segment : `.${segment}`)).join("");
}
