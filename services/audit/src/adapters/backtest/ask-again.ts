import { setTimeout as sleep } from "node:timers/promises";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { CommandError, type CommandBus } from "@countersign/bus";
import { isContentOf } from "@countersign/digest";
import { EventLogError, type Content, type EventReader } from "@countersign/event-log";
import {
  CommandSchema,
  EvaluateRecordedRequestSchema,
  EvaluateRecordedResponseSchema,
  type EvaluateRecordedResponse,
  RecordedQuestionSchema,
  type RecordedQuestion,
} from "@countersign/proto/internal/v1/command_pb";
import type { Verdict } from "@countersign/proto/v1/action_pb";
import type { Principal } from "@countersign/proto/v1/principal_pb";
import type { RecordedVerdict } from "./recorded-verdicts.ts";

/** Inputs that are read at once; each may have 128 KiB. */
const MOST_INPUTS = 64;
/** Questions that go together, but for the last: with a document of 256 KiB, and whatever the last one has, less than the megabyte that NATS carries. */
const QUESTIONS_BYTES = 384 * 1024;
/** A tenant whose documents took long waits for up to 5 s. */
const TIMEOUT_MS = 10_000;

/** So often policy is asked the same while its tenant's documents take too long. */
const MOST_TRIES = 60;

/** What a document says to questions; to none, whether it is one, and its rules. @throws CommandError as policy does */
export type Ask = (questions: readonly RecordedQuestion[]) => Promise<EvaluateRecordedResponse>;

export type AskDeps = {
  readonly commands: Pick<CommandBus, "send">;
  /** Before policy is asked again that was overloaded. */
  readonly pauseMs?: number;
};

/** @param signal ends the asking */
export function askPolicy({ commands, pauseMs = 1000 }: AskDeps, caller: Principal, document: string, signal: AbortSignal): Ask {
  return async (questions) => {
    const request = toBinary(EvaluateRecordedRequestSchema, create(EvaluateRecordedRequestSchema, { document, questions: [...questions] }));
    const command = create(CommandSchema, { caller, request });
    for (let tries = 1; ; tries += 1) {
      signal.throwIfAborted();
      try {
        const answer = await commands.send("policy", "EvaluateRecorded", command, { timeoutMs: TIMEOUT_MS });
        return fromBinary(EvaluateRecordedResponseSchema, answer);
      } catch (error) {
        if (tries === MOST_TRIES || !isOverload(error)) throw error;
      }
      await sleep(pauseMs, undefined, { signal });
    }
  };
}

function isOverload(error: unknown): boolean {
  return error instanceof CommandError && error.reason === "OVERLOADED";
}

/** `wouldBe` is undefined where the input was erased. */
export type Answered = { readonly recorded: RecordedVerdict; readonly wouldBe: Verdict | undefined };

/** Asks for each recorded verdict once more, a few at a time. */
export async function* askAgain(
  log: Pick<EventReader, "readNamedContents">,
  ask: Ask,
  verdicts: readonly RecordedVerdict[],
): AsyncGenerator<readonly Answered[]> {
  for (let at = 0; at < verdicts.length; at += MOST_INPUTS) {
    const some = verdicts.slice(at, at + MOST_INPUTS);
    const inputs = await log.readNamedContents(some.map(({ event: { stream }, input }) => ({ stream, digest: input })));
    const questions = some.map((recorded, index) => questionOf(recorded, inputs[index]));
    const answers = await answersTo(
      ask,
      questions.filter((question) => question !== undefined),
    );
    let next = 0;
    yield some.map((recorded, index) => ({ recorded, wouldBe: questions[index] && answers[next++] }));
  }
}

async function answersTo(ask: Ask, questions: readonly RecordedQuestion[]): Promise<readonly Verdict[]> {
  const answers: Verdict[] = [];
  while (answers.length < questions.length) {
    const { verdicts } = await ask(thatFit(questions.slice(answers.length)));
    if (verdicts.length === 0) throw new Error("policy answered no question");
    answers.push(...verdicts);
  }
  return answers;
}

function thatFit(questions: readonly RecordedQuestion[]): readonly RecordedQuestion[] {
  let bytes = 0;
  const end = questions.findIndex((question) => (bytes += toBinary(RecordedQuestionSchema, question).length) > QUESTIONS_BYTES);
  return end === -1 ? questions : questions.slice(0, end + 1);
}

function questionOf({ event, requested, input }: RecordedVerdict, content: Content | undefined): RecordedQuestion | undefined {
  if (content === undefined) return undefined;
  if (!isContentOf(input, content))
    throw new EventLogError("corrupt", `the input that position ${event.position} judged is not what was recorded`, {
      position: event.position,
    });
  const { requester } = requested;
  return create(RecordedQuestionSchema, { ...(requester && { requester }), input: content.body, time: timestampFromDate(event.time) });
}
