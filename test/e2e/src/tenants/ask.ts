import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  create,
  toBinary,
  toJsonString,
  type DescMethod,
  type DescService,
  type MessageInitShape,
  type MessageShape,
} from "@bufbuild/protobuf";
import { CountersignError, createServiceClient, type Transport } from "@countersign/client";
import type { Names } from "./names.ts";

const GENERATED = dirname(fileURLToPath(import.meta.resolve("@countersign/proto/v1/principal_pb")));

/** Every method of every public service, as generated: one that is added is here without anybody's doing. */
export const PUBLIC_METHODS: readonly DescMethod[] = (
  await Promise.all(readdirSync(GENERATED).map((file) => import(join(GENERATED, file)) as Promise<Readonly<Record<string, unknown>>>))
).flatMap((module) =>
  Object.values(module)
    .filter(isService)
    .flatMap(({ methods }) => methods),
);

function isService(value: unknown): value is DescService {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "service";
}

/** What a caller hears: messages, or why there are none. */
export type Answer = { readonly text: string; readonly bytes: Uint8Array };

/** These go on for as long as an action does. */
const ENDLESS: ReadonlySet<string> = new Set(["RequestAndWatch", "WatchAction"]);

export async function ask(transport: Transport, method: DescMethod, request: object): Promise<Answer> {
  const service = createServiceClient(method.parent, transport) as unknown as Readonly<Record<string, Call>>;
  const call = service[method.localName] as Call;
  const replies: Message[] = [];
  try {
    const answer = call(request);
    if (!(Symbol.asyncIterator in answer)) replies.push(await answer);
    else {
      for await (const message of answer) {
        replies.push(message);
        if (ENDLESS.has(method.name)) break;
      }
    }
  } catch (error) {
    if (!(error instanceof CountersignError)) throw error;
    const { code, reason, message, metadata, violations } = error;
    return answerOf([JSON.stringify({ code, reason, message, metadata, violations })], []);
  }
  return answerOf(
    replies.map((reply) => toJsonString(method.output, reply)),
    replies.map((reply) => toBinary(method.output, reply)),
  );
}

type Message = MessageShape<DescMethod["output"]>;
type Call = (request: object) => Promise<Message> | AsyncIterable<Message>;

function answerOf(texts: readonly string[], messages: readonly Uint8Array[]): Answer {
  return { text: texts.join("\n"), bytes: Buffer.concat([...messages, Buffer.from(texts.join("\n"))]) };
}

export function encoded({ input }: DescMethod, request: object): Uint8Array {
  return toBinary(input, create(input, request as MessageInitShape<typeof input>));
}

/** The answer without the names that were asked with. */
export function unnamed({ text }: Answer, names: Names): string {
  let masked = text;
  const mask = (value: unknown): void => {
    if (typeof value === "bigint") masked = masked.replaceAll(new RegExp(`\\b${value}\\b`, "g"), "#");
    else if (typeof value === "string" && value !== "") masked = masked.replaceAll(value, "#");
    else if (typeof value === "object" && value !== null && !ArrayBuffer.isView(value)) Object.values(value).forEach(mask);
  };
  mask({ ...names, input: undefined, document: undefined, action: { id: names.action.id } });
  return masked;
}
