import type { JsonValue } from "@countersign/digest";
import type { PolicyRevision } from "@countersign/proto/v1/policy_service_pb";
import type { Command } from "commander";
import { globalOptions, withContext, type Context, type Io } from "../context.ts";
import { AnswerIsNo, UsageError } from "../errors.ts";
import { lines, printable } from "../output.ts";
import { readBytes } from "../parse.ts";
import { policyChanges, type MemberChange, type PolicyChange } from "../policy-changes.ts";

type Named = { readonly name: string; readonly document: string };

/** What activating a revision changes, for whoever must answer for it. */
export function addPolicyDiffCommand(policy: Command, io: Io): void {
  policy
    .command("diff")
    .description("what changes from one document to another, rule by rule, by what they say; exits with 1 when something does")
    .argument("[from]", "a file, or a revision's number; default: the one in force")
    .argument("[to]", "a file, or a revision's number; default: the newest revision. One of both alone is this one")
    .action((from: string | undefined, to: string | undefined, _options: object, command: Command) =>
      withContext(command, io, async (context) => {
        const was = await (from === undefined || to === undefined ? inForce(context) : named(context, from));
        const is = await (to === undefined && from === undefined ? newest(context) : named(context, to ?? from ?? ""));
        const changes = policyChanges(await parsed(was), await parsed(is));
        const json = globalOptions(command).json === true;
        context.output.line(json ? printable(JSON.stringify({ from: was.name, to: is.name, changes })) : changesText(was, is, changes));
        if (changes.length > 0) throw new AnswerIsNo(`${is.name} differs from ${was.name}`);
      }),
    );
}

async function named(context: Context, what: string): Promise<Named> {
  if (!/^\d+$/.test(what)) return { name: what, document: readBytes(what).toString("utf8") };
  return revision((await context.client.policies.getPolicy({ revision: BigInt(what) })).revision);
}

async function inForce({ client }: Context): Promise<Named> {
  return revision((await client.policies.getPolicy({})).revision);
}

async function newest(context: Context): Promise<Named> {
  const { revisions } = await context.client.policies.listPolicyRevisions({ pageSize: 1 });
  return named(context, String(revisions[0]?.revision ?? 0n));
}

function revision({ revision: number = 0n, document = "" }: Partial<PolicyRevision> = {}): Named {
  return { name: `revision ${number}`, document };
}

async function parsed({ name, document }: Named): Promise<JsonValue> {
  const { parse } = await import("yaml");
  try {
    // The parser gives what JSON has, for all that policies may hold.
    return parse(document) as JsonValue;
  } catch (error) {
    throw new UsageError(`${name}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function changesText(was: Named, is: Named, changes: readonly PolicyChange[]): string {
  const title = `from ${was.name} to ${is.name}:`;
  return lines(changes.length === 0 ? `${title} nothing changes` : [title, ...changes.flatMap(changeText)].join("\n"));
}

function changeText({ rule, kind, after, members }: PolicyChange): readonly string[] {
  const what = rule === undefined ? "the document" : `rule ${JSON.stringify(rule)}`;
  switch (kind) {
    case "moved":
      return [`${what} comes ${after === undefined ? "first" : `after ${JSON.stringify(after)}`} now`];
    case "changed":
      return [`${what} changes`, ...members.map(memberText)];
    case "added":
    case "removed":
      return [
        `${what} is ${kind === "added" ? "new" : "gone"}`,
        ...members.filter(({ member }) => member !== "name").map(({ member, was, is }) => `  ${member}: ${JSON.stringify(is ?? was)}`),
      ];
    default:
      return kind satisfies never;
  }
}

function memberText({ member, was, is }: MemberChange): string {
  if (was === undefined) return `  ${member}: ${JSON.stringify(is)} is new`;
  if (is === undefined) return `  ${member}: ${JSON.stringify(was)} is gone`;
  return `  ${member}: ${JSON.stringify(was)} -> ${JSON.stringify(is)}`;
}
