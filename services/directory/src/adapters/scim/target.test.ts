import { expect, it } from "vitest";
import { ScimError } from "./scim-error.ts";
import { targetOf } from "./target.ts";

it("says what lies behind the base, decoded", () => {
  const { path, query } = targetOf("/scim/v2/Users/a%20b?filter=x%20eq%20%22y%22");
  expect([path, query.get("filter")]).toEqual([["Users", "a b"], 'x eq "y"']);
});

it.each(["//", "http://[", "/scim/v2", "/other", "/scim/v2/%ff", "*"])("P7: %s is not found, and no fault of the service", (target) => {
  expect(() => targetOf(target)).toThrow(ScimError);
});
