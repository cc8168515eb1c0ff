import { isContentOf } from "@countersign/digest";
import { createHtmlReporter, type Contents, type Reporter, type ReportOptions } from "@countersign/evidence";
import { describeEvent, type Words } from "./describe.ts";

/** The pages of an archive, with the lines that timelines have. */
export function createReporter(about: Omit<ReportOptions, "describe">): Reporter {
  return createHtmlReporter({ ...about, describe: (event, contents) => describeEvent(event, ({ digest }) => words(contents, digest)) });
}

/** The words that an entry refers to, if they are the ones that were recorded. */
function words(contents: Contents, digest: Uint8Array): Words {
  const content = contents.get(Buffer.from(digest).toString("hex"));
  if (content === undefined) return "erased";
  return isContentOf(digest, content) ? { text: new TextDecoder().decode(content.body) } : "altered";
}
