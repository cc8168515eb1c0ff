export const STEPS = ["fill", "seal", "replay", "rebuild", "fsck", "export", "verify"] as const;
export type Step = (typeof STEPS)[number];

export function isStep(text: string): text is Step {
  return STEPS.some((step) => step === text);
}

/** What one step cost, as its own process knows it. */
export type StepResult = {
  readonly step: Step;
  /** How many it was about. */
  readonly events: number;
  readonly seconds: number;
  /** Events per second. */
  readonly perSecond: number;
  /** What the step's own process worked. On a machine that others load, this is what can be compared. */
  readonly cpuSeconds: number;
  /** The most that its process held at any moment; PostgreSQL comes on top, with what it is configured for. */
  readonly peakMegabytes: number;
  readonly note: string;
};

/** With the mix that it read, one vote in so many events (0: none), and what PostgreSQL worked for it. */
export type MeasuredStep = StepResult & { readonly votes: number; readonly postgresCpuSeconds: number };
