import { Duplex } from "node:stream";
import { expect, it, vi } from "vitest";
import { answerEach } from "./reflection.ts";

it("P7: whoever asks and does not read what it asked for is asked nothing more of", async () => {
  const questions = 200;
  let given = 0;
  let taken = 0;
  let take: (() => void) | undefined;
  const call = new Duplex({
    objectMode: true,
    read() {
      given += 1;
      this.push(given <= questions ? new Uint8Array([1]) : null);
    },
    write: (_reply, _encoding, done) => {
      taken += 1;
      take = done;
    },
  });
  let answered = 0;
  answerEach(call, (question) => {
    answered += 1;
    return question;
  });
  await vi.waitFor(() => expect(call.isPaused()).toBe(true), { timeout: 20_000, interval: 5 });
  expect(answered).toBeLessThanOrEqual(call.writableHighWaterMark);

  await vi.waitFor(
    () => {
      while (take !== undefined) {
        const next = take;
        take = undefined;
        next();
      }
      expect(taken).toBe(questions);
    },
    { timeout: 20_000, interval: 5 },
  );
});
