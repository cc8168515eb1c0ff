import { expect, test } from "vitest";
import { readStartSettings } from "./settings.ts";

test("keys and an anchor that npm start would pass over are refused, all of them at once", () => {
  const own = { COUNTERSIGN_ANCHOR_DIR: "/anchor", COUNTERSIGN_GRANT_KEY_FILE: "/keys/grant.pem", COUNTERSIGN_ISSUERS: "" };
  expect(() => readStartSettings(own)).toThrow(
    /COUNTERSIGN_GRANT_KEY_FILE: npm start has its own.*\n.*COUNTERSIGN_ANCHOR_DIR: npm start has its own/,
  );
  expect(readStartSettings({ COUNTERSIGN_GRANT_EARLIER_KEY_FILES: "/keys/grant-1.pub.pem" }).port).toBe(50_051);
});
