import { readFileSync, writeFileSync } from "node:fs";
import { expect, it } from "vitest";
import { natsAccounts } from "./nats-accounts.ts";
import { BUS_USERS } from "./permissions.ts";

const EXAMPLE = new URL("../../../deploy/examples/nats-users.conf", import.meta.url);
const HEAD = `# Users of nats-server: include it in its configuration (include nats-users.conf), with the passwords in its environment.
# Made from the table in libs/bus/src/permissions.ts: COUNTERSIGN_WRITE_EXAMPLES=1 npx vitest run libs/bus/src/permissions.test.ts
`;

it("the example in deploy/examples is what the table says", () => {
  const variable = (name: string): string => `$NATS_PASSWORD_${name.toUpperCase()}`;
  const names = ["approval", "audit", "directory", "gateway", "notifier", "policy"] as const satisfies readonly (keyof typeof BUS_USERS)[];
  expect([...names]).toEqual(Object.keys(BUS_USERS));
  const [approval, audit, directory, gateway, notifier, policy] = names.map(variable) as [string, string, string, string, string, string];
  const passwords = { approval, audit, directory, gateway, notifier, policy, countersign: variable("countersign") };
  const program = { name: "file-notifier", tenant: "acme", ledger: "main", password: "$NATS_PASSWORD_FILE_NOTIFIER" };
  const text = HEAD + natsAccounts({ prefix: "cs", ledgers: ["main"] }, passwords, [program]);
  if (process.env["COUNTERSIGN_WRITE_EXAMPLES"] !== undefined) writeFileSync(EXAMPLE, text);
  expect(readFileSync(EXAMPLE, "utf8")).toBe(text);
});
