import type { Content } from "@countersign/event-log";
import { createHash } from "node:crypto";
import type { Words } from "./describe.ts";

/** The words that a digest stands for, checked against it: what is shown beside the log is what was recorded in it, or it is not shown. */
export function wordsOf(contents: ReadonlyMap<string, Content>, digest: Uint8Array): Words {
  const content = contents.get(Buffer.from(digest).toString("hex"));
  if (content === undefined) return "erased";
  const actual = createHash("sha256").update(content.salt).update(content.body).digest();
  return actual.equals(digest) ? { text: new TextDecoder().decode(content.body) } : "altered";
}
