import type { Content, EventLog } from "@countersign/event-log";
import { expect, it } from "vitest";
import { exportInput, testApproval } from "../../testing/test-approval.ts";
import { createActionStore } from "./action-store.ts";

it.each<[string, (content: Content) => Content]>([
  [
    "another body",
    (content) => ({ ...content, body: Buffer.from(Buffer.from(content.body).toString().replace("customers", "countries")) }),
  ],
  [
    "a body whose beginning was made salt",
    ({ digest, salt, body }) => ({ digest, salt: Buffer.concat([salt, body.subarray(0, 3)]), body: body.subarray(3) }),
  ],
])("P1 P7: nobody is shown an action with %s than was recorded, and no retry is answered from it", async (_, change) => {
  const world = await testApproval();
  const { action } = await world.call("RequestAction", { input: exportInput, idempotencyKey: "k" });
  const ref = { tenant: "acme", id: action?.id ?? "" };
  let altered = false;
  const log: EventLog = {
    ...world.log,
    readContents: async (...asked) => {
      const contents = await world.log.readContents(...asked);
      return altered ? new Map([...contents].map(([digest, content]) => [digest, change(content)])) : contents;
    },
  };
  const store = createActionStore(log, { actions: 10, bytes: 1_000_000 });
  expect((await store.asOf({ ref, version: 1 })).view.contents.size).toBe(1);
  altered = true;
  await expect(store.load(ref)).rejects.toMatchObject({ code: "corrupt" });
  await expect(store.asOf({ ref, version: 1 })).rejects.toMatchObject({ code: "corrupt" });
});
