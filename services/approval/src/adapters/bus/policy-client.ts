import { create, fromBinary } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { CommandError, encoded, type CommandBus } from "@countersign/bus";
import { encodeMessage } from "@countersign/events";
import { CommandSchema, EvaluateRequestSchema, EvaluateResponseSchema } from "@countersign/proto/internal/v1/command_pb";
import { EvaluateActionResponseSchema } from "@countersign/proto/v1/action_service_pb";
import type { Logger } from "@countersign/telemetry";
import { LRUCache } from "lru-cache";
import { isCountable } from "../../domain/quorum.ts";
import { leavesOf, type Stage } from "../../domain/stage.ts";
import type { Verdict } from "../../domain/values.ts";
import { toHex } from "../../usecases/content.ts";
import type { Evaluation, PolicyClient, PolicyQuestion } from "../../usecases/ports.ts";
import { encodedInput } from "../wire/encoded-input.ts";
import { encodedPrincipal, toPrincipalMessage } from "../wire/principal-message.ts";
import { fromVerdictMessage } from "../wire/verdict-message.ts";

/** Answers that are kept decoded. */
const KEPT_ANSWERS = 256;
const KEPT_CHARACTERS = 1_000_000;

/** Asks whichever instance of policy answers. Whatever goes wrong is no answer, and no answer grants nothing; only that its log is corrupt is told. */
export function createPolicyClient(commands: CommandBus, logger: Logger, timeoutMs: number): PolicyClient {
  // By its bytes, and never instead of asking: a policy says the same of most actions, and its verdict, which each of them keeps, is the same object then.
  const answers = new LRUCache<string, Evaluation>({ max: KEPT_ANSWERS, maxSize: KEPT_CHARACTERS });
  const read = (reply: Uint8Array): Evaluation | undefined => {
    const bytes = Buffer.from(reply.buffer, reply.byteOffset, reply.byteLength).toString("latin1");
    const known = answers.get(bytes);
    if (known !== undefined) return known;
    const answer = fromReply(reply);
    if (answer !== undefined) answers.set(bytes, answer, { size: bytes.length });
    return answer;
  };
  return {
    evaluate: async (question) => {
      try {
        const reply = await commands.send("policy", "Evaluate", toCommand(question), { timeoutMs });
        const evaluation = read(reply);
        if (evaluation === undefined) logger.error({ tenant: question.requester.tenant }, "policy gave a verdict that makes no sense");
        return evaluation;
      } catch (err) {
        // Trying again does not help: its log is corrupt, and whoever waits for the answer is told so.
        if (err instanceof CommandError && err.code === "DATA_LOSS") throw err;
        logger.warn({ err, tenant: question.requester.tenant }, "policy did not answer");
        return undefined;
      }
    },
    explain: async ({ principal, traceparent }, request) => {
      const command = create(CommandSchema, { caller: toPrincipalMessage(principal), traceparent, request });
      const told = await commands.send("policy", "EvaluateAction", command, { timeoutMs });
      const { verdict: said } = fromBinary(EvaluateActionResponseSchema, told);
      const verdict = said && fromVerdictMessage(said);
      return verdict !== undefined && makesSense(verdict) ? { verdict, told } : undefined;
    },
  };
}

function toCommand({ requester, input, at, traceparent }: PolicyQuestion) {
  const caller = toPrincipalMessage(requester);
  const question = create(EvaluateRequestSchema, { requester: caller, input, time: timestampFromMs(at) });
  const parts = { requester: encodedPrincipal(requester), input: encodedInput(input), time: at };
  const request = encoded(EvaluateRequestSchema, question, encodeMessage(EvaluateRequestSchema, parts));
  return create(CommandSchema, { caller, traceparent, request });
}

function fromReply(reply: Uint8Array): Evaluation | undefined {
  const { verdict, policyDigest } = fromBinary(EvaluateResponseSchema, reply);
  const answered = verdict && fromVerdictMessage(verdict);
  return answered !== undefined && makesSense(answered) ? { verdict: answered, policyDigest: toHex(policyDigest) } : undefined;
}

/** P7: a verdict that nobody could act on, or that would never end, is none. */
function makesSense({ outcome, stages, grantSeconds }: Verdict): boolean {
  if (outcome === "deny") return true;
  if (grantSeconds < 1 || grantSeconds > 86_400) return false;
  return outcome === "allow" || (stages.length > 0 && stages.every(isDecidable));
}

function isDecidable({ quorum, seconds, mode }: Stage): boolean {
  if (seconds < 1 || seconds > 2_592_000 || !isCountable(quorum)) return false;
  return mode === "confirm" || leavesOf(quorum).every(({ of }) => of.length > 0);
}
