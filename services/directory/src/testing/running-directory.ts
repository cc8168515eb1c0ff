import { createHash } from "node:crypto";
import { create, fromBinary, toBinary, type DescMessage, type MessageInitShape, type MessageShape } from "@bufbuild/protobuf";
import { inProcessCommands } from "@countersign/bus";
import { createDirectoryClient, type DirectoryClient } from "@countersign/directory-client";
import type { EventLog } from "@countersign/event-log";
import { CommandSchema } from "@countersign/proto/internal/v1/command_pb";
import { PrincipalType, SignInStrength, type PrincipalSchema } from "@countersign/proto/v1/principal_pb";
import { readQuotas, type Quotas } from "@countersign/quotas";
import { silentLogger, type Logger } from "@countersign/telemetry";
import { PATCH_OP } from "../adapters/scim/schema-names.ts";
import { startDirectory } from "../app.ts";
import { parseDirectoryFile } from "../directory-file.ts";

export const ISSUER = "https://id.acme.example";
export const TOKENS = { acme: "acme-token-of-32-random-bytes", other: "other-token-of-32-random-bytes" };

type Caller = MessageInitShape<typeof PrincipalSchema>;
export type ScimAnswer = { readonly status: number; readonly headers: Headers; readonly body: Record<string, unknown> };

/** An instance of the service on a log, as its callers see it. */
export type RunningTestDirectory = {
  readonly people: DirectoryClient;
  readonly port: number;
  /** Sends a request as an identity provider does. */
  readonly scim: (method: string, path: string, body?: unknown, headers?: Readonly<Record<string, string>>) => Promise<ScimAnswer>;
  /** Sends a command as the front door does. */
  readonly send: <Request extends DescMessage, Response extends DescMessage>(
    method: string,
    schemas: readonly [Request, Response],
    request: MessageInitShape<Request>,
    caller: Caller,
  ) => Promise<MessageShape<Response>>;
  /** Provisions a user and says its id. */
  readonly user: (userName: string, more?: object) => Promise<string>;
  /** Makes a group of these people and says its id. */
  readonly group: (displayName: string, members: readonly string[]) => Promise<string>;
  readonly close: () => Promise<void>;
};

/** @param more settings of tenant acme beside its token and its issuer. */
export async function runDirectory(
  log: EventLog,
  more: object = {},
  clock: () => Date = () => new Date(),
  quotas: Quotas = readQuotas({}),
  logger: Logger = silentLogger,
): Promise<RunningTestDirectory> {
  const settingsOf = (tenant: keyof typeof TOKENS): object => ({
    scim_tokens: [{ name: "provider", sha256: createHash("sha256").update(TOKENS[tenant]).digest("hex") }],
    sign_in: [{ issuer: ISSUER, by: "userName" }],
  });
  const tenants = parseDirectoryFile(JSON.stringify({ tenants: { acme: { ...settingsOf("acme"), ...more }, other: settingsOf("other") } }));
  const commands = inProcessCommands({ logger });
  const config = { tenants, quotas, scim: { host: "127.0.0.1", port: 0, publicUrl: undefined, tls: undefined } };
  const service = await startDirectory({ config, log, commands, logger, clock });
  const port = service.scimPort ?? 0;
  const scim: RunningTestDirectory["scim"] = async (method, path, body, headers = {}) => {
    const response = await fetch(`http://127.0.0.1:${port}/scim/v2${path}`, {
      method,
      headers: { authorization: `Bearer ${TOKENS.acme}`, "content-type": "application/scim+json", ...headers },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text === "" ? {} : (JSON.parse(text) as Record<string, unknown>) };
  };
  const idOf = ({ status, body }: ScimAnswer): string => {
    if (status !== 201) throw new Error(`SCIM answered ${status}: ${JSON.stringify(body)}`);
    return String(body["id"]);
  };
  return {
    port,
    scim,
    people: createDirectoryClient({
      commands,
      asker: "approval",
      config: { managedTenants: ["acme", "other"], withoutDirectory: false, timeoutMs: 20_000 },
    }),
    send: async (method, [request, response], message, caller) => {
      const bytes = toBinary<DescMessage>(request, create<DescMessage>(request, message));
      return fromBinary(
        response,
        await commands.send("directory", method, create(CommandSchema, { caller, request: bytes }), { timeoutMs: 20_000 }),
      );
    },
    user: async (userName, extra = {}) => idOf(await scim("POST", "/Users", { userName, active: true, ...extra })),
    group: async (displayName, members) =>
      idOf(await scim("POST", "/Groups", { displayName, members: members.map((value) => ({ value })) })),
    close: () => service.close(),
  };
}

/** The body of a PATCH. */
export const patch = (...operations: readonly object[]) => ({ schemas: [PATCH_OP], Operations: operations });

/** A signed-in human of tenant acme. */
export function human(id: string, more: Caller = {}): Caller {
  return { tenant: "acme", type: PrincipalType.HUMAN, issuer: ISSUER, id, roles: ["reviewer"], signIn: SignInStrength.SESSION, ...more };
}
