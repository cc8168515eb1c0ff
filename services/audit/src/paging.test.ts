import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { pageToken, readPageToken, type ListIdentity } from "./paging.ts";

const identity: ListIdentity = { list: "actions", tenant: "acme", view: "", filter: [["IN_REVIEW"], "db.export"] };

describe("page token", () => {
  it("comes back as it was made", () => {
    fc.assert(
      fc.property(fc.array(fc.maxSafeNat(), { minLength: 1, maxLength: 2 }), (cursor) => {
        expect(readPageToken(identity, pageToken(identity, cursor), cursor.length)).toEqual(cursor);
      }),
    );
  });

  it.each<[string, Partial<ListIdentity>]>([
    ["P8: another tenant", { tenant: "globex" }],
    ["another list", { list: "reviews" }],
    ["another view", { view: "mine" }],
    ["another filter", { filter: [["IN_REVIEW"], "db.drop"] }],
  ])("is refused for %s", (_what, changed) => {
    expect(readPageToken({ ...identity, ...changed }, pageToken(identity, [7]), 1)).toBeUndefined();
  });

  it("is refused when any character changes", () => {
    const token = pageToken(identity, [7]);
    for (let index = 0; index < 20; index += 1) {
      const forged = `${token.slice(0, index)}${token[index] === "A" ? "B" : "A"}${token.slice(index + 1)}`;
      expect(readPageToken(identity, forged, 1)).toBeUndefined();
    }
  });

  it("P7: garbage is refused, never guessed at", () => {
    fc.assert(fc.property(fc.string(), (garbage) => readPageToken(identity, garbage, 1) === undefined));
    const token = pageToken(identity, [7]);
    for (const forged of [`${token}=`, ` ${token}`, token.slice(0, -1), `${token}AA`])
      expect(readPageToken(identity, forged, 1)).toBeUndefined();
    expect(readPageToken(identity, token, 2)).toBeUndefined();
  });
});
