import { create } from "@bufbuild/protobuf";
import { CommandError } from "@countersign/bus";
import { PrincipalSchema } from "@countersign/proto/v1/principal_pb";
import { describe, expect, it } from "vitest";
import { actionReader } from "./action-reader.ts";

const caller = { principal: create(PrincipalSchema, { tenant: "acme" }), withheldRoles: [], expiresAt: new Date(Date.now() + 60_000) };

describe("actionReader", () => {
  it("waits twice as long before each repetition: a service that is slow gets less to do, not more", async () => {
    const waited: number[] = [];
    const commands = {
      serve: () => Promise.reject(new Error("serves nothing")),
      send: (_service: string, _method: string, _command: unknown, { timeoutMs }: { readonly timeoutMs: number }) => {
        waited.push(Math.round(timeoutMs / 1000) * 1000);
        return Promise.reject(new CommandError("DEADLINE_EXCEEDED", "TIMEOUT", "no reply"));
      },
    };
    const call = { header: () => "", remainingMs: () => 10_000, signal: new AbortController().signal };
    const question = { method: "WatchAction", request: new Uint8Array() } as const;
    await expect(actionReader({ commands, config: { callTimeoutMs: 30_000 } }, caller, call, question)(0)).rejects.toThrow("no reply");
    expect(waited).toEqual([1000, 2000, 4000, 8000, 10_000]);
  });
});
