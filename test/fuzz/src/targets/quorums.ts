import { isDeepStrictEqual } from "node:util";
import { parseQuorum, quorumText } from "../../../../services/policy/src/domain/quorum-text.ts";
import { must, textOf, texts, type Target } from "../engine/target.ts";

/** The votes that a stage needs, as people write them down. */
export const quorums: Target = {
  name: "quorums",
  kind: "text",
  refusals: [],
  words: ["and", "or", "of", "any", "person", "on-call", "requester-manager", "resource-owner", "(", ")", ",", '"', "2", "100", "101"],
  quick: 200,
  prepare: () => ({
    seeds: texts(
      '2 of sre and (1 of security or 1 of on-call "night shift")',
      "1 of any",
      "3 of sre, person alice, requester-manager, resource-owner, on-call db",
      '((1 of "and" or 2 of "a, b") and 1 of c) or 100 of d',
    ),
    run: (input) => {
      const parsed = parseQuorum(textOf(input), [{ kind: "group", name: "listed" }]);
      if (!parsed.ok) return parsed.problem.message;
      const text = quorumText(parsed.quorum);
      const again = parseQuorum(text, []);
      must(again.ok && isDeepStrictEqual(again.quorum, parsed.quorum), "a quorum's text reads back as another quorum");
      return text;
    },
  }),
};
