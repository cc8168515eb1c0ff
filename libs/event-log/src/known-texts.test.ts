import fc from "fast-check";
import { expect, it } from "vitest";
import { textOf } from "./known-texts.ts";

it("a text is what its bytes say, whichever texts came before it", () => {
  // Few letters, so that many texts share a place.
  const texts = fc.array(
    fc.oneof(fc.string({ unit: fc.constantFrom("a", "b", "é", "\ufeff"), maxLength: 6 }), fc.string({ maxLength: 60 })),
  );
  fc.assert(
    fc.property(texts, (wanted) => {
      for (const text of wanted) {
        const bytes = Buffer.from(`<${text}>`);
        expect(textOf(bytes, 1, bytes.length - 1)).toBe(bytes.subarray(1, -1).toString());
      }
    }),
  );
});
