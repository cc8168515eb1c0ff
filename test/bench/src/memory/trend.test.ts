import { describe, expect, it } from "vitest";
import { fitLine } from "./line-fit.ts";
import { trendOf } from "./trend.ts";

describe("fitLine", () => {
  it("finds the line that points lie on", () => {
    const line = fitLine([0, 1, 2, 5].map((x) => ({ x, y: 3 * x + 7 })));
    expect(line.slope).toBeCloseTo(3);
    expect(line.intercept).toBeCloseTo(7);
  });

  it("lies between points that scatter", () => {
    const line = fitLine([
      { x: 0, y: 0 },
      { x: 1, y: 2 },
      { x: 2, y: 1 },
      { x: 3, y: 3 },
    ]);
    expect(line.slope).toBeCloseTo(0.8);
    expect(line.intercept).toBeCloseTo(0.3);
  });

  it("is level where there is only one place", () => {
    expect(
      fitLine([
        { x: 4, y: 1 },
        { x: 4, y: 3 },
      ]),
    ).toEqual({ slope: 0, intercept: 2 });
  });
});

describe("trendOf", () => {
  const samples = (megabytes: readonly number[]) => megabytes.map((y, index) => ({ x: index * 10_000, y }));

  it("looks at the second half only: processes grow while they are young", () => {
    expect(trendOf(samples([100, 200, 300, 400, 400, 400, 400, 400]))).toEqual({ perTenThousand: 0, rise: 0, mean: 400, flat: true });
  });

  it("calls a leak a leak", () => {
    const { perTenThousand, rise, flat } = trendOf(samples([300, 310, 320, 330, 340, 350, 360, 370]));
    expect(perTenThousand).toBeCloseTo(10);
    expect(rise).toBeCloseTo(30);
    expect(flat).toBe(false);
  });

  it("lets a small process rise by what garbage explains, and anything fall", () => {
    expect(trendOf(samples([20, 20, 20, 20, 20, 21, 22, 24])).flat).toBe(true);
    expect(trendOf(samples([400, 400, 400, 400, 380, 360, 340, 320])).flat).toBe(true);
  });

  it("refuses to judge by too little", () => {
    expect(() => trendOf(samples([1, 2, 3]))).toThrow("four samples");
  });
});
