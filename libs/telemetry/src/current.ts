import type { Tracer } from "@opentelemetry/api";
import type { Gauges } from "./gauges.ts";
import type { Instruments } from "./instruments.ts";
import type { Sampling } from "./sampler.ts";

let instrumentsNow: Instruments | undefined;
let gaugesNow: Gauges | undefined;
let tracerNow: Tracer | undefined;
let samplingNow: Sampling | undefined;
let tenantsNow = false;

/**
 * What measures in this process; nothing when nothing is configured, so that `instruments()?.rpcServer.record(...)` costs a test and not even its arguments are
 * made. One for the process, as OpenTelemetry's own providers are: what it measures is the process.
 */
export function instruments(): Instruments | undefined {
  return instrumentsNow;
}

/** Where gauges are registered; nowhere when nothing is measured. */
export function gauges(): Gauges | undefined {
  return gaugesNow;
}

/** What makes spans in this process; nothing when traces go nowhere. */
export function tracer(): Tracer | undefined {
  return tracerNow;
}

/** Whether anything is measured or traced in this process: what would only prepare for it need not be done otherwise. */
export function observing(): boolean {
  return instrumentsNow !== undefined || tracerNow !== undefined;
}

/** Which traces are kept; by default all that their callers keep, and all that begin here. */
export function sampling(): Omit<Sampling, "sampler"> | undefined {
  return samplingNow;
}

/** The label of a tenant, where an operator has asked for one: with thousands of tenants it would be thousands of series. */
export function tenantLabel(tenant: string): Record<string, string> {
  return tenantsNow ? { "countersign.tenant": tenant } : {};
}

/** For `startTelemetry`, and for tests. */
export function measureWith(now: {
  readonly instruments?: Instruments;
  readonly gauges?: Gauges;
  readonly tracer?: Tracer;
  readonly sampling?: Sampling;
  readonly tenants?: boolean;
}): void {
  instrumentsNow = now.instruments;
  gaugesNow = now.gauges;
  tracerNow = now.tracer;
  samplingNow = now.sampling;
  tenantsNow = now.tenants ?? false;
}
