import { isContentOf } from "@countersign/digest";
import type { Content } from "@countersign/event-log";
import type { Words } from "./describe.ts";

/** The words that a digest stands for, checked against it: what is shown beside the log is what was recorded in it, or it is not shown. */
export function wordsOf(contents: ReadonlyMap<string, Content>, digest: Uint8Array): Words {
  const content = contents.get(Buffer.from(digest).toString("hex"));
  if (content === undefined) return "erased";
  return isContentOf(digest, content) ? { text: new TextDecoder().decode(content.body) } : "altered";
}
