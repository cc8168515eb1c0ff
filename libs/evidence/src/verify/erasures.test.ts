import { describe, expect, it } from "vitest";
import { Erasures } from "./erasures.ts";
import { FlawList } from "./flaws.ts";

type Pairs<First> = readonly (readonly [First, number])[];
const facts = (absent: Pairs<string>, erased: readonly string[] = [], erasedLater: Pairs<number> = []) => ({ absent, erased, erasedLater });

describe("P6: contents that are absent", () => {
  it("are explained by the event that erased them, in whichever segment, and else are a flaw with their position", () => {
    const [flaws, erasures] = [new FlawList(), new Erasures()];
    erasures.add(
      facts([
        ["aa", 1],
        ["bb", 2],
      ]),
    );
    erasures.add(facts([["cc", 3]], ["aa", "cc"]));
    erasures.add(facts([["aa", 9]]));
    erasures.end(9, flaws);
    expect(flaws.listed).toMatchObject([{ code: "CONTENT", position: 2 }]);
  });

  it("may have been erased by an event behind the archive, and by none that would have to be in it", () => {
    const [flaws, erasures] = [new FlawList(), new Erasures()];
    erasures.add(facts([], [], [[1, 10]]));
    erasures.add(facts([], [], [[2, 9]]));
    erasures.end(9, flaws);
    expect(flaws.listed).toMatchObject([{ code: "CONTENT", position: 2 }]);
  });
});
