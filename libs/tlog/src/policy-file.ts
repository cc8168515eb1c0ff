import { TlogError } from "./error.ts";
import { parseVerifierKey, type VerifierKey } from "./key.ts";
import type { PolicyLog, PolicyWitness, Quorum, TrustPolicy } from "./policy.ts";
import { sameBytes } from "./root.ts";
import { parseText, splitLines } from "./text.ts";

/**
 * Reads a policy file. Throws `policy_malformed` with the line number, whatever is wrong with it; the cause says more. Its names are compared byte by byte, as
 * the specification asks.
 */
export function parsePolicy(bytes: Uint8Array): TrustPolicy {
  if (bytes.length > MAX_POLICY_BYTES) throw new TlogError("too_large", `a policy has at most ${MAX_POLICY_BYTES} bytes`);
  // One character per byte: names and URLs are opaque, and only ASCII has a meaning.
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
  const lines = splitLines(text);
  if (lines === undefined) throw new TlogError("policy_malformed", "the last line of the policy is not terminated");
  const draft: Draft = { logs: [], witnesses: [], members: new Map(), unused: new Set(), quorum: undefined };
  for (const [number, line] of lines.entries()) {
    try {
      readLine(draft, line);
    } catch (cause) {
      if (!(cause instanceof TlogError)) throw cause;
      throw new TlogError("policy_malformed", `line ${number + 1} of the policy: ${cause.message}`, { cause });
    }
  }
  const { logs, witnesses, quorum } = draft;
  if (quorum === undefined) throw new TlogError("policy_malformed", "the policy has no quorum line");
  return { logs, witnesses, quorum };
}

type Draft = {
  readonly logs: PolicyLog[];
  readonly witnesses: PolicyWitness[];
  /** Witnesses and groups by name, as bytes. */
  readonly members: Map<string, Quorum>;
  /** Names that are not yet in a group. */
  readonly unused: Set<string>;
  quorum: Quorum | undefined;
};

function readLine(draft: Draft, line: string): void {
  if (NOT_ALLOWED.test(line)) throw flaw("a control character");
  const [keyword, ...words] = line.split(/[ \t]+/).filter((word) => word !== "");
  if (keyword === undefined || keyword.startsWith("#")) return;
  switch (keyword) {
    case "log":
      return readLog(draft, words);
    case "witness":
      return readWitness(draft, words);
    case "group":
      return readGroup(draft, words);
    case "quorum":
      return readQuorum(draft, words);
    default:
      throw flaw("it starts with neither log, witness, group nor quorum");
  }
}

function readLog({ logs }: Draft, [vkey, url, ...rest]: readonly string[]): void {
  if (vkey === undefined || rest.length > 0) throw flaw("a log has a key and perhaps a URL");
  const key = parseVerifierKey(decode(vkey));
  addOnce(logs, { key, url: decodeUrl(url) });
}

function readWitness(draft: Draft, [name, vkey, url, ...rest]: readonly string[]): void {
  if (name === undefined || vkey === undefined || rest.length > 0) throw flaw("a witness has a name, a key and perhaps a URL");
  const key = parseVerifierKey(decode(vkey));
  if (key.kind !== "cosignature") throw flaw("the key of a witness is not one for cosignatures");
  const witness: PolicyWitness = { name: display(name), key, url: decodeUrl(url) };
  addOnce(draft.witnesses, witness);
  define(draft, name, { kind: "witness", witness });
}

function readGroup(draft: Draft, [name, threshold, ...names]: readonly string[]): void {
  if (name === undefined || threshold === undefined || names.length === 0) throw flaw("a group has a name, a threshold and members");
  const members = names.map((member) => {
    if (!draft.unused.delete(member)) throw flaw(`${display(member)} is not defined above, or in a group already`);
    return lookUp(draft, member);
  });
  define(draft, name, { kind: "group", name: display(name), threshold: readThreshold(threshold, members.length), members });
}

function readQuorum(draft: Draft, [name, ...rest]: readonly string[]): void {
  if (name === undefined || rest.length > 0) throw flaw("a quorum is one name");
  if (draft.quorum !== undefined) throw flaw("a second quorum");
  draft.quorum = name === NONE ? { kind: "none" } : lookUp(draft, name);
}

function readThreshold(text: string, members: number): number {
  if (text === "any") return 1;
  if (text === "all") return members;
  const threshold = /^[1-9][0-9]{0,3}$/.test(text) ? Number(text) : Infinity;
  if (threshold > members) throw flaw(`a threshold is any, all, or a number from 1 to ${members}`);
  return threshold;
}

function define({ members, unused }: Draft, name: string, member: Quorum): void {
  if (name === NONE || members.has(name)) throw flaw(`${display(name)} is taken`);
  // A group may hold groups: the limit bounds how deep.
  if (members.size >= MAX_NAMES) throw flaw(`more than ${MAX_NAMES} witnesses and groups`);
  members.set(name, member);
  unused.add(name);
}

function lookUp({ members }: Draft, name: string): Quorum {
  const member = members.get(name);
  if (member === undefined) throw flaw(`${display(name)} is not defined above`);
  return member;
}

function addOnce<Keyed extends { readonly key: VerifierKey }>(list: Keyed[], added: Keyed): void {
  if (list.length >= MAX_NAMES) throw flaw(`more than ${MAX_NAMES} keys`);
  if (list.some(({ key }) => sameBytes(key.publicKey, added.key.publicKey))) throw flaw("the key is there already");
  list.push(added);
}

const decode = (word: string): string => parseText(Buffer.from(word, "latin1"), "key");
const display = (word: string): string => Buffer.from(word, "latin1").toString("utf8");
const decodeUrl = (word: string | undefined): string | undefined => (word === undefined ? undefined : display(word));
const flaw = (message: string) => new TlogError("policy_malformed", message);

const NONE = "none";
const MAX_NAMES = 1_000;
const MAX_POLICY_BYTES = 1_000_000;
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const NOT_ALLOWED = /[\u0000-\u0008\u000a-\u001f\u007f]/;
