import { copyOut, quoted, type Database } from "@countersign/database";
import { voteJudge, type GrantKey } from "@countersign/evidence";
import type { Check } from "../ledger/flaws.ts";

/** Every vote is signed by a key of `approval`: whoever may write to the database can append one, chains and all, and cannot sign it. */
export async function* checkVotes(database: Database, ledger: string, keys: () => Promise<readonly GrantKey[]>): Check {
  const judge = voteJudge(await keys());
  let done = 0;
  const votes = `select position, entry from event_log.event where ledger = ${quoted(ledger)} and type in ('VoteCast', 'BreakGlassUsed')`;
  for await (const batch of copyOut(database.pool, votes)) {
    for (const [position, entry] of batch) {
      const judgement = entry ? judge(entry) : "other";
      if (judgement === "good" || judgement === "other") continue;
      yield { flaw: { position: position ? Number(position.readBigInt64BE()) : 0, kind: "VOTE", detail: DETAILS[judgement] } };
    }
    done += batch.length;
    yield { progress: { step: "votes", done } };
  }
}

const DETAILS = {
  wrong: "the signature of a vote does not verify",
  unknown_key: "a vote is signed by a key that approval does not have; earlier ones belong into COUNTERSIGN_GRANT_EARLIER_KEY_FILES",
} as const;
