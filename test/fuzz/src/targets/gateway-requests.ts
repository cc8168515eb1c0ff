import { create, fromBinary, toBinary, type DescMessage, type DescService } from "@bufbuild/protobuf";
import { CommandError } from "@countersign/bus";
import { canonicalJson, type JsonValue } from "@countersign/digest";
import { ActionService } from "@countersign/proto/v1/action_service_pb";
import { AuditService } from "@countersign/proto/v1/audit_service_pb";
import { DirectoryService } from "@countersign/proto/v1/directory_service_pb";
import { NotifierService } from "@countersign/proto/v1/notifier_service_pb";
import { PolicyService } from "@countersign/proto/v1/policy_service_pb";
import { PrincipalSchema, PrincipalType } from "@countersign/proto/v1/principal_pb";
import { ReviewService } from "@countersign/proto/v1/review_service_pb";
import {
  COMMANDS,
  readRequestAction,
  readRequestAndWatch,
  readStreamEvents,
  readWatchAction,
  STREAMS,
} from "../../../../services/gateway/src/adapters/routes.ts";
import { must, type Target } from "../engine/target.ts";
import { sampleMessages } from "./sample-message.ts";

const SERVICES: readonly DescService[] = [ActionService, ReviewService, PolicyService, AuditService, DirectoryService, NotifierService];

const caller = create(PrincipalSchema, { tenant: "acme", type: PrincipalType.HUMAN, issuer: "https://id.example", id: "alice" });

type Read = (bytes: Uint8Array, by: typeof caller) => unknown;
const READERS: ReadonlyMap<string, Read> = new Map<string, Read>([
  ...[...Object.entries(COMMANDS), ...Object.entries(STREAMS)].map(([name, { read }]): [string, Read] => [name, read]),
  ["RequestAction", readRequestAction],
  ["RequestAndWatch", readRequestAndWatch],
  ["WatchAction", readWatchAction],
  ["StreamEvents", readStreamEvents],
]);

const REQUESTS: ReadonlyMap<string, DescMessage> = new Map(
  SERVICES.flatMap(({ methods }) => methods.map((method): [string, DescMessage] => [method.name, method.input])),
);

/** Every request of the API, as bytes behind the name of its method in a line: decoded and checked as at the front door. */
export const gatewayRequests: Target = {
  name: "gateway-requests",
  kind: "protobuf",
  refusals: [CommandError],
  quick: 100,
  prepare: () => ({
    // A field before all others that no message has: the name of the method travels inside of what is mutated.
    seeds: [...REQUESTS].flatMap(([name, schema]) => sampleMessages(schema).map((bytes) => withMethod(name, bytes))),
    run: (input) => {
      const [name, bytes] = split(input);
      const [read, schema] = [READERS.get(name), REQUESTS.get(name)];
      if (schema !== undefined) must(read !== undefined, "a method of the API has no reader here");
      if (read === undefined || schema === undefined) return undefined;
      const request = read(bytes, caller);
      const again = toBinary(schema, fromBinary(schema, bytes, { recursionLimit: 1000 }));
      must(
        Buffer.from(toBinary(schema, fromBinary(schema, again, { recursionLimit: 1000 }))).equals(again),
        "a request changes when it is written again",
      );
      return typeof request === "object" && request !== null && "input" in request ? canonical(request.input) : undefined;
    },
  }),
};

/** What was let in has a digest. */
function canonical(input: unknown): string {
  const { action, resource, context } = input as { action?: { properties?: object }; resource?: { properties?: object }; context?: object };
  return canonicalJson(JSON.parse(JSON.stringify([action?.properties, resource?.properties, context])) as JsonValue);
}

function withMethod(name: string, bytes: Uint8Array): Uint8Array {
  const method = Buffer.from(name);
  return Buffer.concat([Buffer.of(...TAG, method.length), method, bytes]);
}

/** Field 4000, of bytes. */
const TAG = [0x82, 0xfa, 0x01] as const;

function split(input: Uint8Array): readonly [string, Uint8Array] {
  if (!TAG.every((byte, index) => input[index] === byte)) return ["", input];
  const start = TAG.length + 1;
  const end = start + (input[TAG.length] ?? 0);
  return [Buffer.from(input.subarray(start, end)).toString("latin1"), input.subarray(end)];
}
