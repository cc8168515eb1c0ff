import { dirname, resolve } from "node:path";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { CountersignError } from "@countersign/client";
import type { CaseInput, PolicyCases, Unexpected } from "@countersign/policy-cases";
import type { TestPolicyResponse } from "@countersign/proto/v1/policy_service_pb";
import type { Command } from "commander";
import { answerOf, casesText, type CaseResult } from "../cases-text.ts";
import { globalOptions, withContext, type Context, type Io } from "../context.ts";
import { AnswerIsNo, UsageError } from "../errors.ts";
import { printable } from "../output.ts";
import { parsePrincipal, PRINCIPAL_TYPES, readBytes } from "../parse.ts";

/** Tries a document on what its author says that it must answer. */
export function addPolicyCasesCommand(policy: Command, io: Io): void {
  policy
    .command("cases")
    .description("whether a document answers as its cases say; nothing is stored")
    .argument("<file>", "the cases, which name the document")
    .option("--issuer <name>", "the issuer of the requesters' tokens; default: that of yours")
    .action((file: string, options: { issuer?: string }, command: Command) =>
      withContext(command, io, (context) => askAll(context, file, options.issuer, globalOptions(command).json === true)),
    );
}

async function askAll(context: Context, file: string, named: string | undefined, json: boolean): Promise<void> {
  const { policy, cases } = await readCases(file);
  const { unexpectedIn } = await import("@countersign/policy-cases");
  const document = typeof policy === "string" ? readBytes(resolve(dirname(file), policy)).toString("utf8") : JSON.stringify(policy);
  const issuer = named ?? (await context.client.directory.getMe({})).principal?.issuer ?? "";
  const results: CaseResult[] = [];
  const rules = new Set<string>();
  for (const { name, input, expect } of cases) {
    const reply = await ask(context, document, input, issuer);
    const unexpected: readonly Unexpected[] =
      typeof reply === "string"
        ? [{ what: "outcome", expected: expect.outcome, answered: `refused: ${reply}` }]
        : unexpectedIn(answerOf(reply), expect);
    if (json) context.output.line(printable(JSON.stringify({ name, unexpected })));
    if (typeof reply === "string") results.push({ name, unexpected });
    else {
      for (const { rule } of reply.rules) rules.add(rule);
      results.push({ name, unexpected, rule: reply.verdict?.rule ?? "" });
    }
  }
  if (!json) context.output.line(casesText(results, rules));
  const wrong = results.filter(({ unexpected }) => unexpected.length > 0).length;
  if (wrong > 0) throw new AnswerIsNo(`${wrong} of ${cases.length} cases are answered otherwise`);
}

async function readCases(file: string): Promise<PolicyCases> {
  const text = readBytes(file).toString("utf8");
  const { parsePolicyCases } = await import("@countersign/policy-cases");
  try {
    return parsePolicyCases(text);
  } catch (error) {
    throw new UsageError(`${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** What the document answers, or why nobody could ask this. */
async function ask({ client }: Context, document: string, input: CaseInput, issuer: string): Promise<TestPolicyResponse | string> {
  const { action, properties, resource, context, principal, time } = input;
  const named = (text: string) => ({ issuer, ...parsePrincipal(text) });
  try {
    return await client.policies.testPolicy({
      document,
      input: { action: { name: action, properties }, resource, context },
      requester: {
        type: PRINCIPAL_TYPES[principal.type],
        issuer,
        id: principal.id,
        groups: principal.groups,
        roles: principal.roles,
        chain: principal.chain.map(named),
        ...(principal.owner === undefined ? {} : { owner: named(principal.owner) }),
      },
      ...(time === undefined ? {} : { time: timestampFromDate(new Date(time)) }),
    });
  } catch (error) {
    const violations =
      error instanceof CountersignError ? error.violations.filter(({ field }) => /^(input|requester|time)\b/.test(field)) : [];
    if (violations.length === 0) throw error;
    return violations.map(({ field, description }) => `${field} ${description}`).join("; ");
  }
}
