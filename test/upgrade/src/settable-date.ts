/** The wall clock of this process, which a story needs at the time at which it was told. Time passes in it as it does outside. */
export type SettableDate = {
  set(now: Date): void;
  advance(milliseconds: number): void;
  restore(): void;
};

/** Replaces `Date`: what was written a year ago is not a year old for code that runs under it. */
export function settableDate(): SettableDate {
  const real = Date;
  let offset = 0;
  globalThis.Date = new Proxy(real, {
    construct: (target, given: readonly unknown[], constructor) =>
      Reflect.construct(target, given.length === 0 ? [real.now() + offset] : given, constructor) as Date,
    get: (target, name, receiver) => (name === "now" ? () => real.now() + offset : (Reflect.get(target, name, receiver) as unknown)),
  });
  return {
    set: (now) => {
      offset = now.getTime() - real.now();
    },
    advance: (milliseconds) => {
      offset += milliseconds;
    },
    restore: () => {
      globalThis.Date = real;
    },
  };
}
