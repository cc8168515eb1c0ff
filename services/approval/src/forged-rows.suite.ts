import { openDatabase, type Database } from "@countersign/database";
import type { PostgresEventLog, RecordedEvent } from "@countersign/event-log";
import { forgeAppend } from "@countersign/event-log/testing";
import { ActionStatus, type Action } from "@countersign/proto/v1/action_pb";
import { describe, expect, it } from "vitest";
import { ann, exporter, T0, TERMS, verdict } from "./testing/fixtures.ts";
import { exportInput, shownOf, testApproval, type TestApproval } from "./testing/test-approval.ts";

/** A test's own ledger in a database, which its owner can reach. */
type Here = {
  readonly url: string;
  readonly database: Database;
  readonly log: PostgresEventLog;
  openLog(): PostgresEventLog;
  key(name: string): string;
  request(
    world: TestApproval,
  ): Promise<{ readonly action: Action; readonly redeem: { readonly grantToken: string; readonly digest: Uint8Array } }>;
};

/** What becomes of events and replies that were written into the database by hand. */
export function forgedRows(here: () => Here): void {
  describe("P1, P7: what somebody wrote into the database who has no append key", () => {
    const forge = (events: readonly RecordedEvent[], id: string, expectedVersion: number) =>
      forgeAppend(here().url, here().log.ledger, {
        stream: { tenant: exporter.tenant, type: "action", id },
        expectedVersion,
        events: events.map(({ type, schemaVersion, data }) => ({ type, schemaVersion, data })),
        time: new Date(T0),
      });
    /** What an allowed request made, from one of its events on. */
    const allowed = async (world: TestApproval, from: number) => {
      const { action } = await here().request(world);
      return (await here().log.readStream({ tenant: exporter.tenant, type: "action", id: action.id })).slice(from);
    };

    /** Nothing is said of where: the log of the service says it. */
    const failed = { code: "DATA_LOSS", reason: "LOG_CORRUPT", metadata: {} };

    it("a verdict, an approval and a grant on an action that waits for people: nobody acts by them, and nobody goes on behind them", async () => {
      const { log, openLog, key } = here();
      const world = await testApproval(log);
      const granting = await allowed(world, 1);
      world.answer = verdict("review", { terms: TERMS });
      const { action } = await world.call("RequestAction", { input: exportInput, idempotencyKey: key("waits") });
      if (action === undefined) throw new Error("no action");
      const { id: actionId, version } = action;
      const [forged] = await forge(granting, actionId, Number(version));
      const stream = { tenant: exporter.tenant, type: "action", id: actionId };
      await expect(log.readStream(stream)).rejects.toMatchObject({ code: "corrupt", position: forged?.position });
      const other = openLog();
      const approve = { ...shownOf(action), decision: { case: "approve", value: {} } } as const;
      for (const each of [world, await testApproval(other)]) {
        await expect(each.call("WatchAction", { actionId, afterVersion: version + 1n })).rejects.toMatchObject(failed);
        await expect(each.call("SubmitVote", approve, ann)).rejects.toMatchObject(failed);
        await expect(each.call("RequestAction", { input: exportInput, idempotencyKey: key("next") })).rejects.toMatchObject(failed);
      }
      await other.close();
    });

    it("an action that was never asked for, and a reply that leads to it: no token is minted, whoever asks", async () => {
      const { log, key } = here();
      const world = await testApproval(log);
      const actionId = "018f0000-0000-7000-8000-00000000f00d";
      await forge(await allowed(world, 0), actionId, 0);
      await keep("mint", `${actionId} 4`);
      const ask = { input: exportInput, idempotencyKey: key("mint") };
      await expect(world.call("RequestAction", ask)).rejects.toMatchObject(failed);
      await expect(world.call("GetAction", { actionId })).rejects.toMatchObject(failed);
    });

    it("a reply that leads to what was granted before gives its token to nobody", async () => {
      const { log, key, request } = here();
      const world = await testApproval(log);
      const { action } = await request(world);
      await keep("again", `${action.id} 4`);
      const ask = { input: exportInput, idempotencyKey: key("again") };
      await expect(world.call("RequestAction", ask)).rejects.toMatchObject(failed);
      expect((await request(world)).redeem.grantToken).not.toBe("");
    });

    it("an event that was changed where it stood: that action is neither approved nor redeemed, others go on", async () => {
      const { url, log, openLog, key, request } = here();
      const world = await testApproval(log);
      const granted = await request(world);
      world.answer = verdict("review", { terms: TERMS });
      const ask = (name: string) => world.call("RequestAction", { input: exportInput, idempotencyKey: key(name) });
      const { action: waits } = await ask("waits");
      const { action: sound } = await ask("sound");
      const owner = openDatabase({ url, role: null });
      await owner.pool.query("alter table event_log.event disable trigger append_only");
      const change =
        "update event_log.event set leaf_hash = sha256(leaf_hash) where ledger = $1 and stream_id = any($2) and stream_version = 1";
      await owner.pool.query(change, [log.ledger, [granted.action.id, waits!.id]]);
      await owner.pool.query("alter table event_log.event enable always trigger append_only");
      await owner.close();
      const approve = { decision: { case: "approve", value: {} } } as const;
      const other = openLog();
      const fresh = await testApproval(other);
      for (let attempt = 0; attempt < 2; attempt += 1) {
        await expect(fresh.call("RedeemGrant", { ...granted.redeem, idempotencyKey: key("redeem") })).rejects.toMatchObject(failed);
        await expect(fresh.call("SubmitVote", { ...shownOf(waits!), ...approve }, ann)).rejects.toMatchObject(failed);
        await expect(fresh.call("GetAction", { actionId: waits!.id })).rejects.toMatchObject(failed);
      }
      await fresh.call("SubmitVote", { ...shownOf(sound!), ...approve }, ann);
      const { action: approved, grantToken } = await fresh.call("WatchAction", { actionId: sound!.id });
      expect(approved?.status).toBe(ActionStatus.APPROVED);
      await fresh.call("RedeemGrant", { grantToken, digest: approved!.digest, idempotencyKey: key("redeem sound") });
      await other.close();
    });

    /** As the services' own role, which may insert: it takes a key all the same. */
    async function keep(name: string, reply: string): Promise<void> {
      const { database, log, key } = here();
      await database.pool.query(
        `insert into event_log.idempotency (ledger, tenant, caller, key, reply, append_code)
          select ledger, tenant, caller, $2, convert_to($3, 'utf8'), append_code from event_log.idempotency where ledger = $1 and key = $4`,
        [log.ledger, key(name), reply, key("request")],
      );
    }
  });
}
