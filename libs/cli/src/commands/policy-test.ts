import { basename } from "node:path";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { TestPolicyResponseSchema } from "@countersign/proto/v1/policy_service_pb";
import type { PrincipalType } from "@countersign/proto/v1/principal_pb";
import { InvalidArgumentError, type Command } from "commander";
import { inputOptions, toInput, type InputOptions } from "../action-input.ts";
import { withContext, type Context, type Io } from "../context.ts";
import { evaluationText } from "../evaluation-text.ts";
import { parseTime } from "../parse-at.ts";
import { collect, collectPrincipal, type NamedPrincipal, parsePrincipal, PRINCIPAL_TYPES, readBytes } from "../parse.ts";

type Requester = { readonly type: PrincipalType; readonly id: string };
type Options = InputOptions & {
  readonly requester: Requester;
  readonly issuer?: string;
  readonly group: readonly string[];
  readonly role: readonly string[];
  readonly owner?: NamedPrincipal;
  readonly chain: readonly NamedPrincipal[];
  readonly at?: Date;
};

/** Tries a document against an action before it is published. */
export function addPolicyTestCommand(policy: Command, io: Io): void {
  inputOptions(
    policy
      .command("test")
      .description("what a document would answer; neither it nor the action is stored")
      .argument("<file>", "need not be published")
      .argument("<name>", "of the action, for example db.export"),
  )
    .requiredOption("--requester <type:id>", "who asks: agent:ID, service:ID or human:ID", parseRequester)
    .option("--issuer <name>", "the issuer of the requester's token; default: that of yours")
    .option("--group <name>", "a group of the requester; repeat for more", collect, [])
    .option("--role <name>", "a role of the requester; repeat for more", collect, [])
    .option("--owner <id>", "the human who answers for the requester: an id at the same issuer, or <issuer>#<id>", parsePrincipal)
    .option("--chain <id>", "whom it acts for or through, named alike, nearest first; repeat for more", collectPrincipal, [])
    .option("--at <time>", "as if it were asked then, such as 2026-01-31T12:30:05Z; default: now", parseTime)
    .action((file: string, name: string, options: Options, command: Command) =>
      withContext(command, io, (context) => test(context, file, name, options)),
    );
}

async function test({ client, output }: Context, file: string, name: string, options: Options): Promise<void> {
  const document = readBytes(file).toString("utf8");
  const { group, role, owner, chain, at } = options;
  const issuer = options.issuer ?? (await client.directory.getMe({})).principal?.issuer ?? "";
  const reply = await client.policies.testPolicy({
    document,
    input: toInput(name, options),
    requester: {
      ...options.requester,
      issuer,
      groups: [...group],
      roles: [...role],
      chain: chain.map((one) => ({ issuer, ...one })),
      ...(owner && { owner: { issuer, ...owner } }),
    },
    ...(at === undefined ? {} : { time: timestampFromDate(at) }),
  });
  output.message(TestPolicyResponseSchema, reply, () => evaluationText(reply, basename(file)));
}

function parseRequester(text: string): Requester {
  const [, word = "", id = ""] = /^([a-z]+):(.+)$/.exec(text) ?? [];
  const type = Object.entries(PRINCIPAL_TYPES).find(([name]) => name === word)?.[1];
  if (type === undefined) throw new InvalidArgumentError("must be agent:ID, service:ID or human:ID, for example agent:crm-agent");
  return { type, id };
}
