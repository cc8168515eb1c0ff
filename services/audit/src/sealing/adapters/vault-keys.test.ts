import { generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { readSealingConfig } from "../config.ts";
import { vaultKey } from "./vault-keys.ts";

type Answer = { readonly status: number; readonly body: string } | "silence";
type Asked = { readonly path: string; readonly token: string; readonly input: Buffer; readonly version: number };

const TOKEN = "hvs.secret";
const pairs = [generateKeyPairSync("ed25519"), generateKeyPairSync("ed25519")] as const;
const publicOf = (key: KeyObject): string => Buffer.from(key.export({ format: "jwk" }).x ?? "", "base64url").toString("base64");
const MESSAGE = Buffer.from("countersign.example/main/1\n7\nroot\n");

/** Vault's transit engine as its API documentation has it: one key, `log`, in two versions. */
describe("P7: a key that Vault's transit engine holds", () => {
  const folder = mkdtempSync(join(tmpdir(), "countersign-vault-"));
  const tokenFile = join(folder, "token");
  const asked: Asked[] = [];
  let server: Server;
  let address = "";
  let answer: ((asked: Asked) => Answer) | undefined;

  const transit = ({ path, token, input, version }: Asked): Answer => {
    if (token !== TOKEN) return { status: 403, body: '{"errors":["permission denied"]}' };
    const pair = path === "/v1/transit/sign/log" ? pairs[version - 1] : undefined;
    if (pair === undefined) return { status: 400, body: '{"errors":["signing key not found"]}' };
    const signature = `vault:v${version}:${sign(null, input, pair.privateKey).toString("base64")}`;
    return { status: 200, body: JSON.stringify({ request_id: "1", data: { key_version: version, signature } }) };
  };
  beforeAll(async () => {
    server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const body = JSON.parse(Buffer.concat(chunks).toString()) as { input: string; key_version: number };
        const one = {
          path: `${request.url}`,
          token: String(request.headers["x-vault-token"]),
          input: Buffer.from(body.input, "base64"),
          version: body.key_version,
        };
        asked.push(one);
        const reply = (answer ?? transit)(one);
        if (reply !== "silence") response.writeHead(reply.status, { location: "/elsewhere" }).end(reply.body);
      });
    });
    await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => void server.close(resolve));
    rmSync(folder, { recursive: true });
  });
  beforeEach(() => {
    answer = undefined;
    asked.length = 0;
    writeFileSync(tokenFile, `${TOKEN}\n`);
  });

  const keyOf = (version: number, pinned = version, timeoutMs = 20_000) => {
    const key = pairs[pinned - 1];
    if (key === undefined) throw new RangeError("no key");
    return vaultKey(`transit/log:${version}=${publicOf(key.publicKey)}`, { address, tokenFile, namespace: undefined, timeoutMs });
  };

  it("signs exactly what it is given, with the version that is pinned", async () => {
    for (const version of [1, 2]) {
      const pair = pairs[version - 1];
      const signature = await keyOf(version).sign(MESSAGE);
      expect(Buffer.from(signature)).toEqual(pair === undefined ? undefined : sign(null, MESSAGE, pair.privateKey));
      expect(asked.at(-1)).toEqual({ path: "/v1/transit/sign/log", token: TOKEN, input: MESSAGE, version });
    }
  });

  it("reads its token anew each time, as an agent renews it", async () => {
    const key = keyOf(1);
    writeFileSync(tokenFile, "hvs.expired");
    await expect(key.sign(MESSAGE)).rejects.toThrow("status 403");
    writeFileSync(tokenFile, TOKEN);
    await expect(key.sign(MESSAGE)).resolves.toHaveLength(64);
    writeFileSync(tokenFile, "");
    await expect(key.sign(MESSAGE)).rejects.toThrow("holds no token");
  });

  it("gives no signature that the pinned key did not make", async () => {
    await expect(keyOf(1, 2).sign(MESSAGE)).rejects.toThrow("not by version 1 with the pinned key");
    // Vault has a newer version and signs with that.
    answer = (one) => transit({ ...one, version: 2 });
    await expect(keyOf(1).sign(MESSAGE)).rejects.toThrow("not by version 1 with the pinned key");
    await expect(keyOf(3, 1).sign(MESSAGE)).rejects.toThrow("pinned key");
  });

  it.each<[string, Answer]>([
    ["an error", { status: 503, body: '{"errors":["Vault is sealed"]}' }],
    ["a redirect", { status: 307, body: "" }],
    ["what is no JSON", { status: 200, body: "<html>" }],
    ["JSON without a signature", { status: 200, body: '{"data":{}}' }],
    ["half a signature", { status: 200, body: '{"data":{"signature":"vault:v1:AAAA"}}' }],
  ])("fails when it gets %s, and says nothing of the token or the answer", async (_what, reply) => {
    answer = () => reply;
    const error: unknown = await keyOf(1)
      .sign(MESSAGE)
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(Error);
    expect(JSON.stringify([String(error), Object.values(error as object)])).not.toMatch(/hvs|sealed|html/);
  });

  it("fails when there is no answer in time", async () => {
    answer = () => "silence";
    await expect(keyOf(1, 1, 50).sign(MESSAGE)).rejects.toThrow("no answer within 50 ms");
  });

  it("is configured in the place of a file, and only with all that it needs", async () => {
    const key = `transit/log:2=${publicOf(pairs[1].publicKey)}`;
    const env = {
      COUNTERSIGN_LOG_ORIGIN: "log.example/main",
      COUNTERSIGN_ANCHOR_DIR: folder,
      COUNTERSIGN_LOG_VAULT_KEYS: key,
      COUNTERSIGN_LOG_VAULT_ADDRESS: address,
      COUNTERSIGN_LOG_VAULT_TOKEN_FILE: tokenFile,
    };
    const signing = readSealingConfig(env)?.keys.signing ?? [];
    expect(signing.map(({ publicKey }) => Buffer.from(publicKey).toString("base64"))).toEqual([publicOf(pairs[1].publicKey)]);
    await expect(signing[0]?.sign(MESSAGE)).resolves.toHaveLength(64);
    expect(() => readSealingConfig({ ...env, COUNTERSIGN_LOG_VAULT_TOKEN_FILE: undefined })).toThrow("needs COUNTERSIGN_LOG_VAULT_ADDRESS");
    expect(() => readSealingConfig({ ...env, COUNTERSIGN_LOG_VAULT_KEYS: "transit/log" })).toThrow(
      "COUNTERSIGN_LOG_VAULT_KEYS: transit/log is not",
    );
    expect(() => readSealingConfig({ ...env, COUNTERSIGN_LOG_VAULT_KEYS: " , " })).toThrow("names no key");
  });

  it("is refused when it is not written as one, or would send the token in the clear", () => {
    const settings = { address, tokenFile, namespace: undefined, timeoutMs: 1000 };
    const good = `transit/log:1=${publicOf(pairs[0].publicKey)}`;
    for (const text of ["", "transit/log", good.replace(":1", ":0"), good.replace("log", "../log"), good.slice(0, -3)]) {
      expect(() => vaultKey(text, settings)).toThrow("is not <mount>/<key>");
    }
    expect(() => vaultKey(good, { ...settings, address: "http://vault.internal:8200" })).toThrow("https");
    expect(() => vaultKey(good, { ...settings, address: "https://user:pass@vault.internal" })).toThrow("belongs into its file");
  });
});
