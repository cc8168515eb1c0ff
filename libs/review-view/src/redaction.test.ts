import { expect, it } from "vitest";
import { isSecretName } from "./redaction.ts";

it.each(["password", "dbPassword", "API-KEY", "apiKey", "refresh_token", "TO\u212aEN", "client-secret-value", "cookies", "pin"])(
  "P7: the value of %s is a secret",
  (name) => expect(isSecretName(name)).toBe(true),
);

it.each(["secret_name", "token_id", "key", "pinned", "monkey", "columns", ""])("the value of %s is shown", (name) =>
  expect(isSecretName(name)).toBe(false),
);
