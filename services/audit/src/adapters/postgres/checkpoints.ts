import { listDeadLetters, lockCheckpoint, readCheckpoint } from "@countersign/bus";
import type { Kysely } from "kysely";
import type { Checkpoints } from "../../rebuild/compare-projection.ts";

/** The bus's checkpoints and dead letters of one ledger. */
export function busCheckpoints(ledger: string): Checkpoints {
  return {
    read: (database, consumer) => readCheckpoint(database, { consumer, ledger }),
    lock: (transaction, consumer) => lockCheckpoint(transaction, { consumer, ledger }),
    unparked: async (transaction, consumer, positions) => {
      if (positions.length === 0) return [];
      const parked = await parkedPositions(transaction, consumer, ledger);
      return positions.filter((position) => !parked.has(position));
    },
  };
}

async function parkedPositions(database: Kysely<unknown>, consumer: string, ledger: string): Promise<ReadonlySet<number>> {
  const positions = new Set<number>();
  let after: string | undefined;
  do {
    const page = await listDeadLetters(database, { consumer, ledger }, { limit: 200, ...(after === undefined ? {} : { after }) });
    for (const letter of page.deadLetters) positions.add(letter.position);
    after = page.next;
  } while (after !== undefined);
  return positions;
}
