import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";

export type CollectedSpan = {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string;
  readonly startedAt: bigint;
  readonly endedAt: bigint;
  /** What it was told of, in order. */
  readonly events: readonly string[];
  /** Of other traces that led to it: trace id and span id. */
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
};

/** A collector that keeps what OTLP over HTTP brings. */
export type OtlpCollector = {
  readonly url: string;
  spans(): readonly CollectedSpan[];
  /** Everything that came, as one text: for those who look for what must not be there. */
  text(): string;
  /** Paths that were posted to. */
  paths(): ReadonlySet<string>;
  close(): Promise<void>;
};

export async function startOtlpCollector(): Promise<OtlpCollector> {
  const spans: CollectedSpan[] = [];
  const bodies: Buffer[] = [];
  const paths = new Set<string>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks);
      bodies.push(body);
      paths.add(request.url ?? "");
      if (request.url === "/v1/traces") spans.push(...spansOf(body));
      response.writeHead(200, { "content-type": "application/x-protobuf" });
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans: () => spans,
    text: () => Buffer.concat(bodies).toString("latin1"),
    paths: () => paths,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** ExportTraceServiceRequest.resource_spans (1) .scope_spans (2) .spans (2), by their numbers on the wire. */
function spansOf(body: Uint8Array): CollectedSpan[] {
  const resources = fieldsOf(body).get(1) ?? [];
  const scopes = resources.flatMap((resource) => fieldsOf(bytes(resource)).get(2) ?? []);
  return scopes.flatMap((scope) => fieldsOf(bytes(scope)).get(2) ?? []).map((span) => toSpan(fieldsOf(bytes(span))));
}

function toSpan(fields: Fields): CollectedSpan {
  const hex = (number: number, of = fields) => Buffer.from(bytes(of.get(number)?.[0])).toString("hex");
  const moment = (number: number) => BigInt(fields.get(number)?.[0]?.toString() ?? "0");
  const events = (fields.get(11) ?? []).map((event) => Buffer.from(bytes(fieldsOf(bytes(event)).get(2)?.[0])).toString());
  const links = (fields.get(13) ?? []).map((link) => fieldsOf(bytes(link)));
  return {
    name: Buffer.from(bytes(fields.get(5)?.[0])).toString(),
    traceId: hex(1),
    spanId: hex(2),
    parentId: hex(4),
    startedAt: moment(7),
    endedAt: moment(8),
    events,
    links: links.map((link) => ({ traceId: hex(1, link), spanId: hex(2, link) })),
  };
}

type Value = Uint8Array | bigint | string | number;
type Fields = ReadonlyMap<number, readonly Value[]>;

function fieldsOf(body: Uint8Array): Fields {
  const fields = new Map<number, Value[]>();
  const reader = new BinaryReader(body);
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    fields.set(number, [...(fields.get(number) ?? []), valueOf(reader, type)]);
  }
  return fields;
}

function valueOf(reader: BinaryReader, type: WireType): Value {
  switch (type) {
    case WireType.LengthDelimited:
      return reader.bytes();
    case WireType.Bit64:
      return reader.fixed64();
    case WireType.Bit32:
      return reader.fixed32();
    default:
      return reader.uint64();
  }
}

function bytes(value: Value | undefined): Uint8Array {
  return value instanceof Uint8Array ? value : new Uint8Array();
}
