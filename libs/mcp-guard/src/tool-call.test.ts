import { expect, it } from "vitest";
import { actionName } from "./tool-call.ts";

it.each([
  ["create_issue", "mcp.hub.create_issue"],
  ["read-file", "mcp.hub.read-file"],
  ["readFile", "mcp.hub.readfile"],
  ["admin.users.list", "mcp.hub.admin.users.list"],
  ["files/read v2", "mcp.hub.files_read_v2"],
  ["..a..b.", "mcp.hub.a.b"],
  ["...", "mcp.hub._"],
  ["löschen", "mcp.hub.l_schen"],
  ["*", "mcp.hub._"],
])("a tool %j is the action %s", (tool, name) => {
  expect(actionName("hub", tool)).toBe(name);
});
