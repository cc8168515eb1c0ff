import { describe, expect, it } from "vitest";
import { createClient, type ClientOptions } from "./client.ts";

describe("createClient says what is missing, also to programs without types", () => {
  const without = (name: string): ClientOptions => Object.assign({ address: "127.0.0.1:1", token: "t" }, { [name]: undefined });

  it.each<[string, ClientOptions, string]>([
    ["no token", without("token"), "token must be a bearer token"],
    ["an empty token", { address: "127.0.0.1:1", token: "" }, "token must be a bearer token"],
    ["no address", without("address"), "address must be HOST:PORT"],
    ["a URL", { address: "http://127.0.0.1:1", token: "t" }, "address must be HOST:PORT, not a URL: http://127.0.0.1:1"],
  ])("%s", (_what, options, message) => {
    expect(() => createClient(options)).toThrow(message);
  });
});
