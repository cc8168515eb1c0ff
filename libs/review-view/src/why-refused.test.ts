import { expect, it } from "vitest";
import { whyRefused } from "./why-refused.ts";

it("says to whoever takes a grant back too late that there is nothing left to take back", () => {
  expect(whyRefused("GRANT_EXPIRED")).toBe("nobody used it in time, and it cannot run any more");
});
