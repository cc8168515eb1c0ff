import { describe, expect, it } from "vitest";
import { errorFields } from "./error-fields.ts";
import { withoutSecrets } from "./without-secrets.ts";

describe("a line of the log", () => {
  it.each([
    ["a session", "token eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl refused", "token [token] refused"],
    ["a header", "Authorization: Bearer abcDEF123456.x-y_z", "Authorization: Bearer [token]"],
    ["a password in a URL", 'connect "postgres://app:s3cr%40t@db:5432/x"', 'connect "postgres://app:[secret]@db:5432/x"'],
    ["a password without a user", "redis://:hunter22@cache", "redis://:[secret]@cache"],
    ["a Slack token", "xoxb-123456-abcdef and xapp-1-A0-2", "[token] and [token]"],
    ["a Slack webhook", "https://hooks.slack.com/services/T0/B0/abc", "https://hooks.slack.com/[secret]"],
    ["a key", "-----BEGIN PRIVATE KEY-----\\nMC4CAQ\\n-----END PRIVATE KEY-----", "[key]"],
    ["nothing", "postgres://db:5432/x at 12:30, user a@b", "postgres://db:5432/x at 12:30, user a@b"],
  ])("P7: is without %s", (_what, text, clean) => expect(withoutSecrets(text)).toBe(clean));
});

describe("an error in the log", () => {
  it("is its kind, sentence, code, frames and causes", () => {
    const cause = Object.assign(new TypeError("away"), { code: "ECONNREFUSED", address: "10.0.0.1" });
    const fields = errorFields(new Error("cannot read", { cause }));
    expect(fields).toMatchObject({
      type: "Error",
      message: "cannot read",
      cause: { type: "TypeError", message: "away", code: "ECONNREFUSED" },
    });
    expect(JSON.stringify(fields)).not.toContain("10.0.0.1");
    expect(fields).toMatchObject({ stack: expect.stringMatching(/^ {4}at /) as string });
  });

  it("P7: of Postgres quotes no value", () => {
    const refused = Object.assign(new Error('invalid input syntax for type json: "card 4111"'), {
      severity: "ERROR",
      code: "22P02",
      detail: "Key (x)=(card 4111)",
      where: "card 4111",
    });
    expect(JSON.stringify(errorFields(refused))).not.toContain("4111");
    expect(errorFields(refused)).toMatchObject({ code: "22P02" });
  });

  it("tells every address that was tried, and does not follow causes for ever", () => {
    const loop = new Error("a");
    loop.cause = loop;
    expect(JSON.stringify(errorFields(loop)).length).toBeLessThan(20_000);
    expect(errorFields(new AggregateError([new Error("one"), "two"], "both"))).toMatchObject({
      errors: [{ message: "one" }, { type: "string" }],
    });
  });
});
