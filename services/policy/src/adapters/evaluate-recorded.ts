import { create, fromJsonString, toBinary } from "@bufbuild/protobuf";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { decodeRequest, type CommandHandler } from "@countersign/bus";
import {
  EvaluateRecordedRequestSchema,
  EvaluateRecordedResponseSchema,
  type RecordedQuestion,
} from "@countersign/proto/internal/v1/command_pb";
import { ActionInputSchema, VerdictSchema } from "@countersign/proto/v1/action_pb";
import { LRUCache } from "lru-cache";
import { evaluate, type CompiledPolicy } from "../domain/evaluate.ts";
import type { EvaluationInput } from "../domain/input.ts";
import { policyAdminOf } from "./callers.ts";
import { compileText, type Compiled } from "./compile-text.ts";
import { documentRefusal } from "./failures.ts";
import { invalid, toEvaluationInput } from "./input-from-proto.ts";
import { toVerdictMessage } from "./verdict-to-proto.ts";

/** Then others are heard, and who asks for the rest waits for the tenant's turn. */
const ONE_GO_MS = 5;
/** Answers that go together, but for the last: with all that a document of 256 KiB can make that one say, less than the megabyte that NATS carries. */
const ANSWERS_BYTES = 384 * 1024;
/** Documents that stay compiled from one command of a backtest to the next. A large one takes a second to compile, and some forty times its length in memory. */
const KEPT = 64;
const KEPT_CHARACTERS = 2 * 1024 * 1024;

type Deps = { readonly monotonicMs: () => number; readonly compile?: typeof compileText };

/** What a document would have answered to what was asked before: to as many of the questions as there is time for in one go, and room for in one message. */
export function evaluateRecordedHandler({ monotonicMs, compile = compileText }: Deps): CommandHandler {
  const kept = new LRUCache<string, CompiledPolicy>({ max: KEPT, maxSize: KEPT_CHARACTERS, sizeCalculation: (_, { length }) => length });
  return async (command) => {
    const { tenant } = policyAdminOf(command);
    const { document, questions } = decodeRequest(EvaluateRecordedRequestSchema, command.request);
    const policy = kept.get(document) ?? compiled(compile(document));
    kept.set(document, policy);
    const verdicts = [];
    const began = monotonicMs();
    let bytes = 0;
    for (const question of questions) {
      const verdict = create(VerdictSchema, toVerdictMessage(evaluate(policy, asAsked(question, tenant), 0)));
      verdicts.push(verdict);
      bytes += toBinary(VerdictSchema, verdict).length;
      if (bytes >= ANSWERS_BYTES || monotonicMs() - began >= ONE_GO_MS) break;
    }
    const rules = policy.document.rules.map(({ name }) => name);
    return toBinary(EvaluateRecordedResponseSchema, create(EvaluateRecordedResponseSchema, { verdicts, rules }));
  };
}

function compiled(result: Compiled): CompiledPolicy {
  if (!result.ok) throw documentRefusal(result.problems);
  return result.policy;
}

function asAsked({ requester, input, time }: RecordedQuestion, tenant: string): EvaluationInput {
  if (time === undefined) throw invalid([{ field: "questions.time", description: "must be set" }]);
  const asked = fromJsonString(ActionInputSchema, Buffer.from(input).toString());
  return toEvaluationInput(requester && { ...requester, tenant }, asked, timestampMs(time));
}
