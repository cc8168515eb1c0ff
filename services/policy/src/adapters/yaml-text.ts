import { isAlias, isMap, isNode, isScalar, LineCounter, parseDocument, visit, type Document, type YAMLError } from "yaml";
import type { PathSegment, Problem } from "./problem.ts";
import { nestingProblem } from "./yaml-nesting.ts";

/** The largest document, in bytes of UTF-8. */
export const MAX_DOCUMENT_BYTES = 256 * 1024;

const MAX_ALIASES = 50;
const QUOTES = "a text with odd characters, such as a condition, is put in quotes";
/** Tags that the parser knows and a policy has no use for; one that it does not know is a warning, and warnings are refused. */
const ODD_TAG = /^tag:yaml\.org,2002:(binary|set|omap|pairs|timestamp|merge)$/;

/** What the parser's words leave open: most of these are a text that needs quotes. */
const FIXES: Readonly<Record<string, string>> = {
  BLOCK_AS_IMPLICIT_KEY: QUOTES,
  BLOCK_IN_FLOW: QUOTES,
  UNEXPECTED_TOKEN: QUOTES,
  TAG_RESOLVE_FAILED: "a text that begins with ! is put in quotes",
  MULTIPLE_DOCS: "a policy is one document",
};

export type YamlText =
  | {
      readonly ok: true;
      readonly value: unknown;
      /** Line of a member, or of what it would be in. */ readonly lineOf: (path: readonly PathSegment[]) => number | undefined;
    }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/**
 * Reads YAML 1.2 as plain data: one document, no tags, no merge keys, no duplicate keys, few aliases. A text made to exhaust a parser is
 * refused in linear time.
 */
export function readYaml(text: string): YamlText {
  if (Buffer.byteLength(text) > MAX_DOCUMENT_BYTES) return refuse({ path: "", message: `is larger than ${MAX_DOCUMENT_BYTES / 1024} KiB` });
  const lines = new LineCounter();
  try {
    const tooDeep = nestingProblem(text);
    if (tooDeep !== undefined) return refuse(tooDeep);
    // Duplicate keys are found below: the parser's own check compares every pair.
    const document = parseDocument(text, {
      version: "1.2",
      schema: "core",
      merge: false,
      uniqueKeys: false,
      prettyErrors: false,
      logLevel: "error",
      lineCounter: lines,
    });
    const told = (error: YAMLError): Problem => ({
      path: "",
      message: [error.message.replace(/; please use .*/, ""), FIXES[error.code]].filter(Boolean).join("; "),
      line: lines.linePos(error.pos[0]).line,
    });
    const [broken] = document.errors;
    // What comes after it was read as something else than was meant.
    if (broken !== undefined) return refuse(told(broken));
    const problems = [...document.warnings.map(told), ...unwelcome(document, lines)];
    if (problems.length > 0) return refuse(...problems);
    const value: unknown = document.toJS({ maxAliasCount: MAX_ALIASES });
    return { ok: true, value, lineOf: (path) => lineOf(document, lines, path) };
  } catch (error) {
    return refuse({ path: "", message: error instanceof Error ? error.message : "is not readable" });
  }
}

function refuse(...problems: Problem[]): YamlText {
  return { ok: false, problems };
}

/** What is well-formed YAML and still has no place in a policy. */
function unwelcome(document: Document, lines: LineCounter): readonly Problem[] {
  const problems: Problem[] = [];
  const complain = (node: unknown, message: string) => {
    problems.push({ path: "", message, line: isNode(node) && node.range ? lines.linePos(node.range[0]).line : undefined });
  };
  // Once for all aliases: each by itself would read the document again.
  const anchors = new Set<string | undefined>();
  visit(document, (_, node) => {
    if (isNode(node) && !isAlias(node)) anchors.add(node.anchor);
  });
  visit(document, {
    Alias(_, alias) {
      if (!anchors.has(alias.source))
        complain(alias, `there is no anchor "${alias.source}"; a pattern that begins with * is put in quotes`);
    },
    Node(_, node) {
      if (!isAlias(node) && node.tag !== undefined && ODD_TAG.test(node.tag)) complain(node, `tag ${node.tag} is not allowed`);
    },
    Map(_, map) {
      const seen = new Set<unknown>();
      for (const { key } of map.items) {
        if (!isScalar(key) || typeof key.value !== "string") complain(key ?? map, "a member's name must be text");
        else if (seen.has(key.value)) complain(key, `"${key.value}" is given twice`);
        else seen.add(key.value);
      }
    },
  });
  return problems;
}

function lineOf(document: Document, lines: LineCounter, path: readonly PathSegment[]): number | undefined {
  for (let length = path.length; length >= 0; length--) {
    const node = length === 0 ? document.contents : keyOrValue(document, path.slice(0, length));
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
  }
  return undefined;
}

/** A member's line is where its name is. */
function keyOrValue(document: Document, path: readonly PathSegment[]): unknown {
  const parent = document.getIn(path.slice(0, -1), true);
  const pair = isMap(parent) ? parent.items.find(({ key }) => isScalar(key) && key.value === path.at(-1)) : undefined;
  return pair?.key ?? document.getIn(path, true);
}
