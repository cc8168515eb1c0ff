import { CommandError } from "@countersign/bus";
import { describe, expect, it, vi } from "vitest";
import type { StreamHandler } from "./handlers.ts";
import type { RpcCall } from "./rpc-call.ts";
import type { RpcLimits } from "./server.ts";
import { GET_POLICY, hungUp, until, type calling } from "./testing/calling.ts";

/** A server, a client of it, and a say in how its streams are handled. */
type Served = Pick<ReturnType<typeof calling>, "call" | "open"> & {
  readonly limits: RpcLimits;
  handle(stream: StreamHandler): void;
  /** How many calls their handlers have seen. */
  arrived(): number;
  restart(limits: RpcLimits): Promise<void>;
};

/** What becomes of streams: their ends, their pace, and their places. */
export function streams({ call, open, limits, handle, arrived, restart }: Served): void {
  describe("streams", () => {
    it("end with what the handler throws, after what it sent", async () => {
      handle(async (_request, _call, send) => {
        await send(new Uint8Array(7));
        throw new CommandError("NOT_FOUND", "NOT_FOUND", "no");
      });
      const { messages, ended } = open();
      expect(await ended).toBe("NOT_FOUND");
      expect(messages).toEqual([7]);
    });

    it("wait for a slow reader instead of filling memory", async () => {
      await restart({ ...limits, sendMs: 60_000 });
      let sent = 0;
      handle(async (_request, _call, send) => {
        for (; sent < 400; sent += 1) await send(new Uint8Array(16_384));
      });
      const { reading, messages, ended } = open();
      reading.pause();
      await until(() => sent > 0);
      // Other calls go to and fro, again and again, and nothing more is sent.
      for (let before = -1, still = 0; still < 10; still = sent === before ? still + 1 : 0) {
        before = sent;
        await call(GET_POLICY, new Uint8Array());
      }
      expect(sent).toBeLessThan(200);
      reading.resume();
      expect(await ended).toBe("OK");
      expect(messages).toHaveLength(400);
    });

    it("free everything when the caller hangs up", async () => {
      let finished = 0;
      handle(async (_request, seen, send) => {
        await send(new Uint8Array(1));
        await hungUp(seen).finally(() => (finished += 1));
      });
      for (let round = 0; round < 5; round += 1) {
        const { reading, messages, ended } = open();
        await until(() => messages.length === 1);
        reading.cancel();
        expect(await ended).toBe("CANCELLED");
        await until(() => finished === round + 1);
      }
    });

    it("that nobody reads end, and leave their places to others", async () => {
      const ends: string[] = [];
      handle(async (_request, _call, send) => {
        try {
          for (;;) await send(new Uint8Array(16_384));
        } catch (error) {
          ends.push(error instanceof CommandError ? error.reason : String(error));
          throw error;
        }
      });
      const held = [open(), open()];
      for (const { reading } of held) reading.pause();
      await until(() => ends.length === 2);
      expect(ends).toEqual(["TIMEOUT", "TIMEOUT"]);
      handle(async () => {});
      expect(await open().ended).toBe("OK");
      for (const { reading } of held) reading.cancel();
    });

    it("that nobody reads end with the caller's token", async () => {
      await restart({ ...limits, sendMs: 600_000 });
      let end = "";
      handle(async (_request, seen, send) => {
        seen.admitted("acme", new Date(Date.now() + 10));
        for (;;) {
          await send(new Uint8Array(16_384)).catch((error: unknown) => {
            end = String(error);
            throw error;
          });
        }
      });
      const { reading } = open();
      reading.pause();
      await until(() => end !== "");
      expect(end).toContain("does not read");
      reading.cancel();
    });

    it("tell who reads what is sent at their token's very end", async () => {
      await restart({ ...limits, sendMs: 600_000 });
      let patienceMs: number | undefined = 0;
      handle(async (_request, seen, send) => {
        seen.admitted("acme", new Date(0));
        const timers = vi.spyOn(globalThis, "setTimeout");
        const sent = send(new Uint8Array(7));
        patienceMs = timers.mock.calls[0]?.[1];
        timers.mockRestore();
        await sent;
      });
      const { messages, ended } = open();
      expect([await ended, messages, patienceMs]).toEqual(["OK", [7], 1000]);
    });

    it("P8: are counted by owner, so that one cannot take the others' places", async () => {
      let left = 0;
      handle(async (request, seen) => {
        seen.admitted(String(request[0]), new Date(Date.now() + 60_000));
        await hungUp(seen).finally(() => (left += 1));
      });
      const first = open(Uint8Array.of(1));
      await until(() => arrived() === 1);
      expect(await open(Uint8Array.of(1)).ended).toBe("RESOURCE_EXHAUSTED");
      const second = open(Uint8Array.of(2));
      await until(() => arrived() === 3);
      first.reading.cancel();
      await first.ended;
      await until(() => left === 1);
      const third = open(Uint8Array.of(1));
      await until(() => arrived() === 4);
      const ended = Promise.all([second.ended, third.ended]);
      for (const { reading } of [second, third]) reading.cancel();
      expect(await ended).toEqual(["CANCELLED", "CANCELLED"]);
    });

    it("that ended well tell their handler nothing of a caller that hung up", async () => {
      let seen: RpcCall | undefined;
      let signal: AbortSignal | undefined;
      handle(async (_request, streamed) => {
        seen = streamed;
        signal = streamed.signal;
      });
      expect(await open().ended).toBe("OK");
      // So grpc-js calls every call at its end, and says so.
      await until(() => seen?.cancelled === true);
      expect(signal?.aborted).toBe(false);
    });

    it("beyond the cap are refused", async () => {
      handle((_request, seen) => hungUp(seen));
      const held = [open(), open()];
      await until(() => arrived() === 2);
      expect(await open().ended).toBe("RESOURCE_EXHAUSTED");
      for (const { reading, ended } of held) {
        reading.cancel();
        await ended;
      }
    });
  });
}
