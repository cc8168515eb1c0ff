import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createClient, isLoopback, type CountersignClient } from "@countersign/client";
import { UsageError } from "./errors.ts";
import { readBytes } from "./parse.ts";

/** What the global options say about where to call and as whom. */
export type SessionOptions = {
  readonly address?: string;
  readonly token?: string;
  readonly tokenFile?: string;
  readonly as?: string;
  /** With `as`: signed in with a second factor. */
  readonly mfa?: boolean;
  readonly dataDir: string;
  readonly caFile?: string;
};

/** Opens a client: `--address` or the `npm start` that runs on the data directory; `--token`, `--token-file` or a development principal's. */
export async function openSession(options: SessionOptions, env: NodeJS.ProcessEnv): Promise<CountersignClient> {
  const address = options.address ?? env["COUNTERSIGN_ADDRESS"] ?? localAddress(options.dataDir);
  if (address.includes("://")) throw new UsageError(`the address must be HOST:PORT, not a URL: ${address}`);
  return createClient({
    address,
    token: await tokenOf(options, env),
    ...(options.caFile === undefined ? {} : { tls: { caFile: options.caFile } }),
    retry: { attempts: 3, baseMs: 100, maxMs: 1000 },
  });
}

/**
 * A token for a development principal, made with the key that `npm start` keeps in its data directory.
 * @throws UsageError for an unknown name, or when there is no such key.
 */
export async function developmentToken(name: string, { dataDir, mfa = false }: Pick<SessionOptions, "dataDir" | "mfa">): Promise<string> {
  // Only development makes tokens here: who brings one does without all that.
  const { createDevelopmentIssuer, DEVELOPMENT_PRINCIPALS, isDevelopmentName } = await import("@countersign/identity");
  if (!isDevelopmentName(name)) {
    throw new UsageError(`no development principal "${name}"; there are ${Object.keys(DEVELOPMENT_PRINCIPALS).join(", ")}`);
  }
  const dir = join(dataDir, "keys");
  if (!existsSync(dir)) throw new UsageError(`${dir} does not exist: run npm start first, or pass --token`);
  const issuer = await createDevelopmentIssuer({ dir });
  return issuer.mint({ ...DEVELOPMENT_PRINCIPALS[name], mfa });
}

async function tokenOf(options: SessionOptions, env: NodeJS.ProcessEnv): Promise<string | (() => string)> {
  if (options.as !== undefined) return developmentToken(options.as, options);
  const token = options.token ?? (options.tokenFile === undefined ? env["COUNTERSIGN_TOKEN"] : undefined);
  if (token !== undefined && token !== "") return token;
  const file = options.tokenFile ?? env["COUNTERSIGN_TOKEN_FILE"];
  // Whoever renews tokens writes the file anew while a command goes on.
  if (file !== undefined && file !== "") return () => readBytes(file).toString("utf8").trim();
  throw new UsageError("who calls? pass --as NAME (development), --token TOKEN or --token-file FILE, or set COUNTERSIGN_TOKEN");
}

function localAddress(dataDir: string): string {
  const file = join(dataDir, "instance.json");
  let address: unknown;
  try {
    ({ address } = JSON.parse(readFileSync(file, "utf8")) as { readonly address?: unknown });
  } catch {
    // No npm start runs on that directory.
  }
  if (typeof address === "string" && address !== "") {
    // The directory may have come with a checkout of somebody else's: that must not say where a token goes.
    if (isLoopback(address)) return address;
    throw new UsageError(`${file} names an address that is not on this machine: if it is yours, pass --address HOST:PORT`);
  }
  throw new UsageError("where is Countersign? Nothing runs on this data directory: run npm start, or pass --address HOST:PORT");
}
