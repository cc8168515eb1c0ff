export type Point = { readonly x: number; readonly y: number };

/** A straight line. */
export type Line = { readonly slope: number; readonly intercept: number };

/** The line of least squares; level through the mean where all `x` are the same. NaN of no points. */
export function fitLine(points: readonly Point[]): Line {
  const mean = (of: (point: Point) => number): number => points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const x = mean((point) => point.x);
  const y = mean((point) => point.y);
  const spread = mean((point) => (point.x - x) ** 2);
  const slope = spread === 0 ? 0 : mean((point) => (point.x - x) * (point.y - y)) / spread;
  return { slope, intercept: y - slope * x };
}
