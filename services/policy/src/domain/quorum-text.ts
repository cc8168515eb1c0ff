import { type Quorum, quorumSizeProblem, type Selector } from "./reviewers.ts";

/** Where a quorum's text goes wrong, what it needs there, and how to mend it. Columns count from 1. */
export type QuorumProblem = { readonly column: number; readonly message: string };

export type ParsedQuorum = { readonly ok: true; readonly quorum: Quorum } | { readonly ok: false; readonly problem: QuorumProblem };

const MAX_DEPTH = 16;

/**
 * Reads a quorum such as `2 of sre and (1 of security or 1 of on-call "night shift")`. `and` binds before `or`.
 * `any` is whoever the stage lists beside it; a number alone is so many of them.
 */
export function parseQuorum(text: string | number, listed: readonly Selector[]): ParsedQuorum {
  if (typeof text === "number") return { ok: true, quorum: { kind: "at_least", count: text, of: listed } };
  try {
    const parser = new Parser(tokensOf(text), listed, text.length + 1);
    const quorum = parser.parse();
    const problem = quorumSizeProblem(quorum);
    if (problem !== undefined) throw new Problem(1, problem);
    return { ok: true, quorum };
  } catch (error) {
    if (error instanceof Problem) return { ok: false, problem: { column: error.column, message: error.message } };
    throw error;
  }
}

class Problem extends Error {
  readonly column: number;

  constructor(column: number, message: string) {
    super(message);
    this.column = column;
  }
}

type Token = { readonly column: number; readonly text: string; readonly quoted: boolean };

/** Parentheses, commas, quoted names, and runs of anything else. */
const TOKEN = /\s*(?:([(),])|"([^"]*)"|([^\s(),"]+))/y;

function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = [];
  const end = text.trimEnd().length;
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < end) {
    const start = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (match === null) throw new Problem(text.indexOf('"', start) + 1, 'the name has no closing "; add one');
    const [whole, mark, name, word] = match;
    const column = start + whole.length - whole.trimStart().length + 1;
    tokens.push({ column, text: mark ?? name ?? word ?? "", quoted: name !== undefined });
  }
  return tokens;
}

class Parser {
  readonly #tokens: readonly Token[];
  readonly #listed: readonly Selector[];
  readonly #end: number;
  #at = 0;

  constructor(tokens: readonly Token[], listed: readonly Selector[], end: number) {
    this.#tokens = tokens;
    this.#listed = listed;
    this.#end = end;
  }

  parse(): Quorum {
    const quorum = this.#either(0);
    const rest = this.#tokens[this.#at];
    if (rest === undefined) return quorum;
    throw new Problem(rest.column, rest.text === ")" ? "there is no ( for this ); take it away" : "`and` or `or` is needed before this");
  }

  #either(depth: number): Quorum {
    return this.#joined("or", "any", () => this.#joined("and", "all", () => this.#term(depth)));
  }

  #joined(word: "and" | "or", kind: "all" | "any", part: () => Quorum): Quorum {
    const parts = [part()];
    while (this.#take(word)) parts.push(part());
    const [only, second] = parts;
    return only !== undefined && second === undefined ? only : { kind, of: parts };
  }

  #term(depth: number): Quorum {
    if (!this.#take("(")) return this.#atLeast();
    if (depth === MAX_DEPTH) throw new Problem(this.#column(), `is nested more than ${MAX_DEPTH} deep; take parentheses away`);
    const quorum = this.#either(depth + 1);
    if (!this.#take(")")) throw new Problem(this.#column(), "a ) is missing here");
    return quorum;
  }

  #atLeast(): Quorum {
    const token = this.#tokens[this.#at];
    const count = token === undefined || token.quoted || !/^\d{1,3}$/.test(token.text) ? 0 : Number(token.text);
    if (count < 1 || count > 100)
      throw new Problem(this.#column(), "a number of people is needed here, 1 to 100, as in `2 of sre` or `1 of resource-owner`");
    this.#at += 1;
    if (!this.#take("of")) throw new Problem(this.#column(), `\`of\` and a group are needed here, as in \`${count} of sre\``);
    const of = [...this.#who()];
    while (this.#take(",")) of.push(...this.#who());
    return { kind: "at_least", count, of };
  }

  #who(): readonly Selector[] {
    if (this.#take("any")) {
      if (this.#listed.length === 0) throw new Problem(this.#column(-1), "`any` needs groups or people that the stage lists beside it");
      return this.#listed;
    }
    if (this.#take("person")) return [{ kind: "person", id: this.#name("the person's id") }];
    if (this.#take("on-call")) return [{ kind: "on_call", schedule: this.#name("the schedule") }];
    if (this.#take("requester-manager")) return [{ kind: "requester_manager" }];
    if (this.#take("resource-owner")) return [{ kind: "resource_owner" }];
    return [{ kind: "group", name: this.#name("a group") }];
  }

  #name(what: string): string {
    const token = this.#tokens[this.#at];
    if (token === undefined) throw new Problem(this.#end, `${what} is needed here`);
    if (token.quoted ? token.text.trim() === "" : RESERVED.has(token.text)) {
      throw new Problem(token.column, `${what} is needed here; quote a name that looks like a word of ours: "${token.text}"`);
    }
    if (token.text.length > 256) throw new Problem(token.column, "a name has at most 256 characters");
    this.#at += 1;
    return token.text;
  }

  #take(word: string): boolean {
    const token = this.#tokens[this.#at];
    if (token === undefined || token.quoted || token.text !== word) return false;
    this.#at += 1;
    return true;
  }

  #column(step: 0 | -1 = 0): number {
    return this.#tokens[this.#at + step]?.column ?? this.#end;
  }
}

const WORDS = ["and", "or", "of", "any", "person", "on-call", "requester-manager", "resource-owner"];
const RESERVED: ReadonlySet<string> = new Set([...WORDS, "(", ")", ","]);

/** The quorum as text that reads back as the same quorum. */
export function quorumText(quorum: Quorum): string {
  if (quorum.kind === "at_least") return `${quorum.count} of ${quorum.of.map(selectorText).join(", ")}`;
  const parts = quorum.of.map((part) => (part.kind === "at_least" ? quorumText(part) : `(${quorumText(part)})`));
  return parts.join(quorum.kind === "all" ? " and " : " or ");
}

function selectorText(selector: Selector): string {
  switch (selector.kind) {
    case "group":
      return quotedIfNeeded(selector.name);
    case "person":
      return `person ${quotedIfNeeded(selector.id)}`;
    case "on_call":
      return `on-call ${quotedIfNeeded(selector.schedule)}`;
    case "requester_manager":
      return "requester-manager";
    case "resource_owner":
      return "resource-owner";
    default:
      return selector satisfies never;
  }
}

function quotedIfNeeded(name: string): string {
  return RESERVED.has(name) || /[\s(),"]/.test(name) ? `"${name}"` : name;
}
