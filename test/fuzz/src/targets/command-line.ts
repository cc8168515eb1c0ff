import { InvalidArgumentError } from "commander";
import { parseAt, parseTime } from "../../../../libs/cli/src/parse-at.ts";
import * as parsers from "../../../../libs/cli/src/parse.ts";
import { UsageError } from "../../../../libs/cli/src/errors.ts";
import { must, textOf, texts, type Target } from "../engine/target.ts";

type Read = (text: string) => unknown;

const PARSERS: readonly Read[] = [
  parseAt,
  parsers.parseResource,
  (text) => parsers.collectMember(text, { a: 1 }),
  // Not of a file: which ones there are is the machine's own business.
  (text) => (text.startsWith("@") ? undefined : parsers.parseObject(text)),
  parsers.parseWait,
  parsers.parseDurability,
  parsers.parsePrincipal,
  parsers.parseAccount,
  parsers.parseCount,
  parsers.parseDigest,
  (text) => must(isTime(parsers.parseMoment(text)), "a moment is none"),
  (text) => must(isTime(parsers.parsePastMoment(text)), "a moment that is over is none"),
  (text) => must(isTime(parseTime(text)), "a time is none"),
];

const isTime = (time: Date): boolean => !Number.isNaN(time.getTime());

/** Arguments of the command line, each parser on the same text. */
export const commandLine: Target = {
  name: "command-line",
  kind: "text",
  refusals: [InvalidArgumentError, UsageError],
  words: ["5d", "300s", "T", "Z", "+14:00", "-99:99", ":", "=", "/", "sealed", "275760-09-13T00:00:00Z", "4711"],
  quick: 200,
  prepare: () => ({
    seeds: texts(
      "2026-01-31T12:30:05Z",
      "2026-01-31 12:30:05.123+02:00",
      "4711",
      "30s",
      "12h",
      "witnessed",
      "database:crm",
      'columns=["id"]',
      '{"rows": 10}',
      "slack:T0/U0",
      "https://idp.example#ann",
      "ab".repeat(32),
    ),
    run: (input) => {
      const text = textOf(input);
      for (const parse of PARSERS) attempt(() => parse(text));
      return undefined;
    },
  }),
};

function attempt(parse: () => unknown): void {
  try {
    parse();
  } catch (error) {
    if (!(error instanceof InvalidArgumentError || error instanceof UsageError)) throw error;
    must(error.message.length < 10_000, "an argument comes back in a message as long as itself");
  }
}
