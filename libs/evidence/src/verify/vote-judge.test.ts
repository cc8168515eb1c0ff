import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import { grantKey, playAgain, sampleLog, START } from "../testing/sample-log.ts";
import { voteJudge } from "./vote-judge.ts";

it("P6: a vote of either kind is good by its key alone, and for its own action", async () => {
  const log = await sampleLog({ actions: 4 });
  await playAgain(log, "a-0", START + 20_000);
  await playAgain(log, "a-2", START + 20_000, { signed: "a-0" });
  const events = await log.readAll({ from: 0, limit: 1000 });
  const judged = (keys: Parameters<typeof voteJudge>[0]): readonly string[] => {
    const judge = voteJudge(keys);
    return events.flatMap(({ type, entry }) => (judge(entry) === "other" ? [] : [`${type}: ${judge(entry)}`]));
  };
  expect(judged([grantKey])).toEqual(["VoteCast: good", "VoteCast: good", "BreakGlassUsed: good", "BreakGlassUsed: wrong"]);
  expect(judged([])).toEqual(judged([grantKey]).map((said) => said.replace(/good|wrong/, "unknown_key")));
});

it("P6: no changed bit of what was shown leaves a vote good", async () => {
  const log = await sampleLog({ actions: 1 });
  const vote = (await log.readAll({ from: 0, limit: 100 })).find(({ type }) => type === "VoteCast");
  const judge = voteJudge([grantKey]);
  const entry = Buffer.from(vote?.entry ?? []);
  expect(judge(entry)).toBe("good");
  expect(judge(entry.subarray(1))).toBe("wrong");
  const begin = entry.indexOf(Buffer.from(vote?.data ?? []));
  const signed = createHash("sha256").update(`what was shown of ${vote?.stream.id}`).digest();
  const from = entry.indexOf(signed, begin);
  for (let at = from; at < from + 32; at += 1) {
    const flipped = Buffer.from(entry);
    flipped[at] = (flipped[at] ?? 0) ^ 1;
    expect(judge(flipped)).toBe("wrong");
  }
});
