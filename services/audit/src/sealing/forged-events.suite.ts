import { forgeAppend } from "@countersign/event-log/testing";
import { silentLogger, startTelemetry } from "@countersign/telemetry";
import { describe, expect, it, vi } from "vitest";
import { ledgerStream } from "../adapters/events/epochs.ts";
import { event } from "../testing/events.ts";
import { observeSealing } from "./status.ts";
import { cutOff, type SealedLedger } from "./testing/sealed-ledger.ts";

/** What the sealer does where somebody wrote events into the ledger by hand. */
export function forgedEvents(here: () => SealedLedger): void {
  describe("P6, P7: what no service appended is never sealed", () => {
    const FORGED = { stream: { tenant: "acme", type: "action", id: "forged" }, expectedVersion: 0, time: new Date(1) };
    const events = [{ type: "ActionApproved", schemaVersion: 1, data: Buffer.from("forged") }];
    const forge = () => forgeAppend(here().url, here().name, { ...FORGED, events });

    it("an event with every number, link and hash right stops the sealer, which says where and is measured as refusing, until it is gone", async () => {
      const ledger = here();
      const telemetry = await startTelemetry("audit", { COUNTERSIGN_TELEMETRY_PORT: "0" });
      const lines: unknown[][] = [];
      const logger = { ...silentLogger, error: (...line: unknown[]) => void lines.push(line) };
      const sealer = ledger.start({ logger });
      const stopObserving = observeSealing(ledger.name, () => sealer.status());
      const metrics = async () => (await fetch(`http://${telemetry.address}/metrics`)).text();
      await ledger.append(10);
      await vi.waitFor(() => expect(sealer.status()).toMatchObject({ state: "sealing", sealed: 10 }), 30_000);
      await forge();
      await vi.waitFor(
        () => expect(sealer.status()).toMatchObject({ state: "refused", refusal: { kind: "FORGED", position: 10 } }),
        30_000,
      );
      expect(await metrics()).toContain(`countersign_seal_refused{ledger="${ledger.name}"} 1`);
      expect(lines[0]).toEqual([
        {
          refusal: "FORGED",
          position: 10,
          err: expect.objectContaining({ message: expect.stringContaining("position 10") as string }) as Error,
        },
        expect.stringMatching(/^AN EVENT STANDS IN THE LEDGER THAT NO SERVICE APPENDED.*runbook/),
      ]);
      await ledger.tamper(cutOff(10));
      await ledger.append(3);
      await vi.waitFor(() => expect(sealer.status()).toMatchObject({ state: "sealing", sealed: 13 }), 30_000);
      stopObserving();
      await sealer.close();
      await telemetry.close();
    });

    it.each([
      ["the leaf and code of another event", "leaf_hash = o.leaf_hash, append_code = o.append_code"],
      ["all of another event", "leaf_hash = o.leaf_hash, append_code = o.append_code, entry = o.entry"],
      ["another code", "append_code = substr(sha256(o.append_code), 1, 16)"],
      ["an entry that is not that of its leaf", "entry = o.entry"],
    ])("nor is a row with %s", async (_what, assignment) => {
      const ledger = here();
      await ledger.append(20);
      await ledger.tamper(
        `update event_log.event e set ${assignment} from event_log.event o where e.@ and o.@ and e.position = 15 and o.position = 3`,
      );
      await expect(ledger.seal()).rejects.toMatchObject({ refusal: "FORGED", position: 15 });
      // What stands before it is ours, and sealed nobody takes it away unseen.
      expect(await ledger.anchor.newest(1)).toMatchObject({ size: 15 });
    });

    it("nor is an epoch that was begun with SQL", async () => {
      const ledger = here();
      await ledger.append(10);
      await ledger.seal();
      const started = [event("EpochStarted", { epoch: 2n })];
      await forgeAppend(ledger.url, ledger.name, { ...FORGED, stream: ledgerStream(ledger.name), events: started });
      const sealer = ledger.start();
      await vi.waitFor(
        () => expect(sealer.status()).toMatchObject({ state: "refused", refusal: { kind: "FORGED", position: 10 } }),
        30_000,
      );
      await sealer.close();
      await expect(ledger.startEpoch()).rejects.toThrow(/^no new epoch seals an event without an append code.*position 10/);
      expect((await ledger.store.newest())?.size).toBe(10);
    });
  });
}
