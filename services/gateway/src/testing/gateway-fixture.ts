import { create, type DescMessage, type DescMethod, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { type CommandHandler, type EventFeed, inProcessCommands } from "@countersign/bus";
import { type CountersignError, createTransport, fromServiceError, type Transport } from "@countersign/client";
import { createDevelopmentIssuer, type DevelopmentPrincipal } from "@countersign/identity";
import type { Command } from "@countersign/proto/internal/v1/command_pb";
import { silentLogger } from "@countersign/telemetry";
import { Client, credentials, Metadata, status } from "@grpc/grpc-js";
import { type RunningGateway, startGateway } from "../app.ts";
import { readGatewayConfig } from "../config.ts";
import { FakeFeed } from "./fake-feed.ts";

export type Outcome = { readonly code: string; readonly error?: CountersignError; readonly reply?: Buffer };

export type Sent = { readonly service: string; readonly method: string; readonly command: Command };

/** A gateway on a free port over services that a test plays. */
export class GatewayFixture {
  readonly feed = new FakeFeed();
  /** Everything that reached a service. */
  readonly sent: Sent[] = [];
  /** What the services answer, by method; others answer with an empty message. */
  readonly answers: Record<string, CommandHandler> = {};
  readonly #clients: { close(): void }[] = [];
  readonly #mint: (principal: DevelopmentPrincipal) => Promise<string>;
  readonly gateway: RunningGateway;
  readonly raw: Client;

  private constructor(gateway: RunningGateway, mint: (principal: DevelopmentPrincipal) => Promise<string>) {
    this.gateway = gateway;
    this.#mint = mint;
    this.raw = new Client(gateway.address, credentials.createInsecure(), { "grpc.enable_retries": 0 });
    this.#clients.push(this.raw);
  }

  /** @param env settings beside the port and the issuer. */
  static async start(env: NodeJS.ProcessEnv = {}, clock: () => Date = () => new Date()): Promise<GatewayFixture> {
    const { issuer, mint } = await createDevelopmentIssuer({}, clock);
    const commands = inProcessCommands({ logger: silentLogger });
    const config = readGatewayConfig({
      COUNTERSIGN_PORT: "0",
      COUNTERSIGN_DRAIN_TIME: "20s",
      COUNTERSIGN_ISSUERS: JSON.stringify([issuer]),
      ...env,
    });
    const feed: EventFeed = { subscribe: (listener, filter) => fixture.feed.subscribe(listener, filter) };
    const gateway = await startGateway({ config, commands, feed, logger: silentLogger, clock });
    const fixture = new GatewayFixture(gateway, mint);
    for (const service of ["approval", "policy", "directory", "audit"]) await commands.serve(service, fixture.#handlersOf(service));
    return fixture;
  }

  token(roles: readonly string[], changes: Partial<DevelopmentPrincipal> = {}): Promise<string> {
    return this.#mint({ id: "alice", type: "human", tenant: "acme", roles, ...changes });
  }

  /** Typed calls with a token. */
  transport(token: string | (() => Promise<string>)): Transport {
    const transport = createTransport({ address: this.gateway.address, token });
    this.#clients.push(transport);
    return transport;
  }

  /** One unary call with exactly these bytes and headers. */
  async call(method: DescMethod, request: Uint8Array, headers: Record<string, string>, timeoutMs = 30_000): Promise<Outcome> {
    const metadata = new Metadata();
    for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
    const path = `/${method.parent.typeName}/${method.name}`;
    return new Promise((resolve) => {
      const options = { deadline: Date.now() + timeoutMs };
      this.raw.makeUnaryRequest(
        path,
        (bytes: Uint8Array) => Buffer.from(bytes),
        (bytes) => bytes,
        request,
        metadata,
        options,
        (error, reply) => {
          if (error !== null) resolve({ code: status[error.code] ?? "", error: fromServiceError(error) });
          else resolve({ code: "OK", ...(reply && { reply }) });
        },
      );
    });
  }

  /** A well-formed request as bytes. */
  bytes<Input extends DescMessage>({ input }: { readonly input: Input }, request: MessageInitShape<Input>): Uint8Array {
    return toBinary(input, create(input, request));
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.close();
    await this.gateway.close();
  }

  #handlersOf(service: string): Record<string, CommandHandler> {
    const answer = (method: string) => async (command: Command) => {
      this.sent.push({ service, method, command });
      return this.answers[method]?.(command) ?? new Uint8Array();
    };
    return new Proxy<Record<string, CommandHandler>>(
      {},
      {
        get: (_target, method) => answer(String(method)),
        getOwnPropertyDescriptor: () => ({ configurable: true, enumerable: true }),
      },
    );
  }
}
