import { silentLogger } from "@countersign/telemetry";
import { beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { closeOnSignal } from "./close-on-signal.ts";

const exit = vi.fn<(code: number) => void>();
let finish: () => void = () => {};

/** Traps signals on something that closes when we say so. */
function trap(): void {
  const before = new Set(process.listeners("SIGINT"));
  closeOnSignal(silentLogger, [{ close: () => new Promise((resolve) => (finish = resolve)) }]);
  onTestFinished(() => {
    for (const name of ["SIGINT", "SIGTERM", "SIGHUP"]) {
      for (const listener of process.listeners(name as "SIGINT")) if (!before.has(listener)) process.off(name, listener);
    }
  });
}

beforeEach(() => {
  exit.mockReset();
  vi.spyOn(process, "exit").mockImplementation((code) => {
    exit(Number(code));
    return undefined as never;
  });
});

describe("closeOnSignal", () => {
  it("takes signals in a row for one, and exits when all is closed", async () => {
    trap();
    process.emit("SIGINT");
    process.emit("SIGINT");
    process.emit("SIGTERM");
    expect(exit).not.toHaveBeenCalled();
    finish();
    await vi.waitFor(() => expect(exit).toHaveBeenCalledExactlyOnceWith(0), 30_000);
  });

  it("gives up waiting when it is asked again much later", () => {
    const now = vi.spyOn(performance, "now").mockReturnValue(10_000);
    trap();
    process.emit("SIGINT");
    now.mockReturnValue(14_000);
    process.emit("SIGINT");
    expect(exit).toHaveBeenCalledExactlyOnceWith(1);
  });
});
