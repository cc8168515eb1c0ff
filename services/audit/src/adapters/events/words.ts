import { isContentOf } from "@countersign/digest";
import type { Contents } from "@countersign/evidence";
import type { Words } from "./describe.ts";

/** The words that a digest stands for, checked against it: what is shown beside the log, or in an archive of it, is what was recorded, or it is not shown. */
export function wordsOf(contents: Contents, digest: Uint8Array): Words {
  const content = contents.get(Buffer.from(digest).toString("hex"));
  if (content === undefined) return "erased";
  return isContentOf(digest, content) ? { text: new TextDecoder().decode(content.body) } : "altered";
}
