import { describe, expect, it } from "vitest";
import { Erasures } from "./erasures.ts";
import { FlawList } from "./flaws.ts";

const END = 5000;
const facts = (absent: readonly (readonly [string, number])[], erased: readonly string[] = [], requestTimes: readonly number[] = []) => ({
  absent,
  erased,
  requestTimes,
});

describe("P6: contents that are absent", () => {
  it("are explained by the event that erased them, in whichever segment, and else are a flaw with their position", () => {
    const [flaws, erasures] = [new FlawList(), new Erasures(END)];
    erasures.add(
      facts([
        ["aa", 1],
        ["bb", 2],
      ]),
    );
    erasures.add(facts([["cc", 3]], ["aa", "cc"]));
    erasures.add(facts([["aa", 9]], [], [END]));
    expect(erasures.end(flaws)).toBe(0);
    expect(flaws.listed).toMatchObject([{ code: "CONTENT", position: 2 }]);
  });

  it("cannot be judged when the period ended before the export was asked for", () => {
    const [flaws, erasures] = [new FlawList(), new Erasures(END)];
    erasures.add(facts([["aa", 1]], [], [END + 1000]));
    expect(erasures.end(flaws)).toBe(1);
    expect(flaws.count).toBe(0);
  });
});
