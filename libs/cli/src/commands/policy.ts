import { ActivatePolicyResponseSchema, GetPolicyResponseSchema } from "@countersign/proto/v1/policy_service_pb";
import type { Command } from "commander";
import { withContext, type Io } from "../context.ts";
import { lines } from "../output.ts";
import { parseCount } from "../parse.ts";
import { addPolicyBacktestCommand } from "./policy-backtest.ts";
import { addPolicyCasesCommand } from "./policy-cases.ts";
import { addPolicyDiffCommand } from "./policy-diff.ts";
import { addPolicyListCommand } from "./policy-list.ts";
import { addPolicyPublishCommands, described } from "./policy-publish.ts";
import { addPolicyTestCommand } from "./policy-test.ts";

/** Policy: check, test, cases, backtest, diff, publish, activate, list, show. */
export function addPolicyCommands(program: Command, io: Io): void {
  const policy = program.command("policy").description("the tenant's policy");
  addPolicyPublishCommands(policy, io);
  addPolicyTestCommand(policy, io);
  addPolicyCasesCommand(policy, io);
  addPolicyBacktestCommand(policy, io);
  addPolicyDiffCommand(policy, io);
  policy
    .command("activate")
    .description("put a revision in force")
    .argument("<revision>", "its number", parseCount)
    .action((number: bigint, _options: object, command: Command) =>
      withContext(command, io, async ({ client, output }) => {
        const reply = await client.policies.activatePolicy({ revision: number });
        const { revision, previousRevision: previous } = reply;
        if (revision === undefined) return;
        const before = previous === 0n ? "none" : previous === revision.revision ? "already this one" : `revision ${previous}`;
        output.message(ActivatePolicyResponseSchema, reply, () => `${described(revision)}\nin force until now: ${before}`);
      }),
    );
  addPolicyListCommand(policy, io);
  policy
    .command("show")
    .description("a revision's document, as text that is safe to print; --json has it to the byte")
    .argument("[revision]", "its number; default: the one in force", parseCount)
    .action((number: bigint | undefined, _options: object, command: Command) =>
      withContext(command, io, async ({ client, output }) => {
        const reply = await client.policies.getPolicy({ revision: number ?? 0n });
        output.message(GetPolicyResponseSchema, reply, () => lines(reply.revision?.document ?? ""));
      }),
    );
}
