import { create } from "@bufbuild/protobuf";
import { ErasureSchema } from "@countersign/proto/v1/erasure_pb";
import { describe, expect, it } from "vitest";
import { erasureText } from "./erase.ts";

const contents = [{ digest: new Uint8Array(32).fill(7), namedBy: "VoteCast.reason", streamVersion: 4n, bytes: 12n }];

describe("what an erasure tells", () => {
  it("content by content, and what stays", () => {
    const text = erasureText(create(ErasureSchema, { contents, position: 9n, remaining: ["entries"] }), false);
    expect(text).toContain("VoteCast.reason");
    expect(text).toContain("1 contents are erased; the log says so at position 9\nwhat stays:\n  entries");
  });

  it("that it was a dry run, and that nothing was left", () => {
    expect(erasureText(create(ErasureSchema, { contents }), true)).toContain("would be erased");
    expect(erasureText(create(ErasureSchema, {}), false)).toContain("nothing is left to erase");
  });
});
