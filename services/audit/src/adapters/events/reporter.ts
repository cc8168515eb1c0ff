import { createHtmlReporter, type Reporter, type ReportOptions } from "@countersign/evidence";
import { describeEvent } from "./describe.ts";
import { wordsOf } from "./words.ts";

/** The pages of an archive, with the lines that timelines have. */
export function createReporter(about: Omit<ReportOptions, "describe">): Reporter {
  return createHtmlReporter({ ...about, describe: (event, contents) => describeEvent(event, ({ digest }) => wordsOf(contents, digest)) });
}
