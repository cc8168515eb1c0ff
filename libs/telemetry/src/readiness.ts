/** What is wrong with something that this process stands on; nothing when it is fine. Never holds secrets: probes and scrapers read it. */
export type ReadinessCheck = () => Promise<string | undefined>;

/** What probes are shown: each check by its name, `ok` or what is wrong. */
export type ReadinessReport = {
  /** Everything is fine. */
  readonly ready: boolean;
  readonly checks: Readonly<Record<string, string>>;
};

/** `vital`: no call can be served without it. `lag`: what is behind catches up, and answers meanwhile. */
export type CheckKind = "vital" | "lag";

/** How long a check may take: what hangs is not ready. */
const PATIENCE_MS = 2000;
/** Probes and scrapes that come close together share one look. */
const FRESH_MS = 500;

/** Whether this process can do its work, asked of everything that it stands on. Nothing is ready before something was added. */
export class Readiness {
  readonly #checks = new Map<string, { readonly check: ReadinessCheck; readonly kind: CheckKind }>();
  #looked: { readonly at: number; readonly report: Promise<ReadinessReport> } | undefined;

  /** @returns what takes the check off again */
  add(name: string, kind: CheckKind, check: ReadinessCheck): () => void {
    this.#checks.set(name, { check, kind });
    this.#looked = undefined;
    return () => this.#checks.delete(name);
  }

  async look(): Promise<ReadinessReport> {
    if (this.#looked === undefined || performance.now() - this.#looked.at >= FRESH_MS)
      this.#looked = { at: performance.now(), report: this.#lookNow() };
    return this.#looked.report;
  }

  /** Whether everything is fine that no call can be served without; what may lag is not looked at. */
  async serving(): Promise<boolean> {
    const vital = [...this.#checks.values()].filter(({ kind }) => kind === "vital");
    const problems = await Promise.all(vital.map(({ check }) => inTime(check)));
    return vital.length > 0 && problems.every((problem) => problem === undefined);
  }

  async #lookNow(): Promise<ReadinessReport> {
    const found = await Promise.all([...this.#checks].map(async ([name, { check }]) => ({ name, problem: await inTime(check) })));
    const problems = found.filter(({ problem }) => problem !== undefined);
    return {
      ready: found.length > 0 && problems.length === 0,
      checks: Object.fromEntries(found.map(({ name, problem }) => [name, problem ?? "ok"])),
    };
  }
}

async function inTime(check: ReadinessCheck): Promise<string | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve("does not answer"), PATIENCE_MS);
  });
  // Its message could hold an address with a password in it.
  const answer = check().catch(() => "failed");
  return Promise.race([answer, late]).finally(() => clearTimeout(timer));
}
