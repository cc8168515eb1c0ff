import { metrics, type Attributes } from "@opentelemetry/api";

/** A gauge's values now. */
export type Reading = { readonly value: number; readonly attributes?: Attributes };
export type GaugeNames = Readonly<Record<string, { readonly description: string; readonly unit?: string }>>;
export type Readings<Names extends GaugeNames> = { readonly [Name in keyof Names]: readonly Reading[] };

/**
 * Registers gauges whose values come from one look at something: `look` is called when somebody collects, and its answer is good for `freshMs`, so that scrapes
 * cannot become load. A look that fails leaves the gauges out: a stale value would look like a healthy one.
 * @returns what takes them off again
 */
export function observe<Names extends GaugeNames>(
  names: Names,
  look: () => Readings<Names> | Promise<Readings<Names>>,
  { freshMs = 0 }: { readonly freshMs?: number } = {},
): () => void {
  const meter = metrics.getMeter("countersign");
  const gauges = Object.entries(names).map(([name, options]) => [name, meter.createObservableGauge(name, { ...options })] as const);
  let taken: { readonly at: number; readonly readings: Promise<Readings<Names>> } | undefined;
  const fresh = (): Promise<Readings<Names>> => {
    if (taken === undefined || performance.now() - taken.at >= freshMs) {
      taken = { at: performance.now(), readings: Promise.resolve().then(look) };
      // Whoever asks meets the failure; the next one to collect looks again.
      taken.readings.catch(() => (taken = undefined));
    }
    return taken.readings;
  };
  const callback: Parameters<typeof meter.addBatchObservableCallback>[0] = async (result) => {
    const readings = await fresh();
    for (const [name, gauge] of gauges) for (const { value, attributes } of readings[name] ?? []) result.observe(gauge, value, attributes);
  };
  const observed = gauges.map(([, gauge]) => gauge);
  meter.addBatchObservableCallback(callback, observed);
  return () => meter.removeBatchObservableCallback(callback, observed);
}
