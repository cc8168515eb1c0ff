import { create, toBinary, type DescMethod } from "@bufbuild/protobuf";
import { createTransport, type Transport } from "@countersign/client";
import { CommentKind } from "@countersign/proto/v1/action_pb";
import { ActionService } from "@countersign/proto/v1/action_service_pb";
import { AuditService, EventSchema } from "@countersign/proto/v1/audit_service_pb";
import { ReviewService } from "@countersign/proto/v1/review_service_pb";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { ask, encoded, PUBLIC_METHODS, unnamed } from "./tenants/ask.ts";
import { nobodysNames, type NamedAction, type Names } from "./tenants/names.ts";
import { inputOf, QUESTIONS } from "./tenants/questions.ts";
import { enrichAcme, type RichAcme } from "./tenants/rich-acme.ts";
import { Secrets, secretWord } from "./tenants/secrets.ts";
import { namesake, OTHER, startTwoTenants, type TwoTenants } from "./tenants/two-tenants.ts";

const METHODS = PUBLIC_METHODS.map((method) => [`${method.parent.name}.${method.name}`, method] as const);
/** What acme's own people are told of acme, the same whenever they ask. Of the others some tell of the whole ledger, which grows, and some are recorded themselves. */
const READS = METHODS.filter(([, { name }]) => /^(Get|List|Watch)/.test(name) && !/GrantKeys|Checkpoint|Proof|Report/.test(name));

const secrets = new Secrets();
let tenants: TwoTenants;
let acme: RichAcme;
let insider: Transport;
let strangers: readonly Transport[];
const transports: Transport[] = [];
/** Whoever brings another's words keeps them as its own. */
let said = Buffer.alloc(0);

beforeAll(async () => {
  const channel = secretWord();
  secrets.add("channel", channel);
  tenants = await startTwoTenants({ channel, displayName: secrets.word("display name") });
  acme = await enrichAcme(tenants, secrets, channel);
  const as = async (...who: Parameters<typeof namesake>): Promise<Transport> => {
    const transport = createTransport({ address: tenants.stack.address, token: await tenants.stack.issuer.mint(namesake(...who)) });
    transports.push(transport);
    return transport;
  };
  insider = await as("data-owner", "acme");
  strangers = [await as("data-owner", OTHER), await as("crm-agent", OTHER)];
});
afterAll(async () => {
  for (const transport of transports) transport.close();
  await tenants.close();
});

/** What is asked with these names, of each action in turn; the same thing once. */
function requests(method: DescMethod, kind: "ofNothing" | "ofOwn", names: Names, actions: Iterable<NamedAction>): readonly object[] {
  const questions = QUESTIONS[method.parent.name]?.[method.localName];
  if (questions === undefined) throw new Error(`${method.name} has no questions: see tenants/questions.ts`);
  const asked = [...actions].flatMap((action) => questions[kind]?.({ ...names, action }) ?? []);
  return [...new Map(asked.map((request) => [Buffer.from(encoded(method, request)).toString("hex"), request])).values()];
}

/** All of acme's log, by the ids of its events. */
async function acmesEvents(): Promise<readonly string[]> {
  const ids: string[] = [];
  for await (const { event } of (await tenants.stack.as("auditor")).audit.streamEvents({})) ids.push(`${event?.type} ${event?.id}`);
  return ids;
}

/** Acme's state, as it is told to its own people: by method, what each question is answered. */
async function acmesState(): Promise<ReadonlyMap<string, readonly string[]>> {
  const state = new Map<string, readonly string[]>();
  for (const [name, method] of READS) {
    const questions = (["ofNothing", "ofOwn"] as const).flatMap((kind) => requests(method, kind, acme.names, acme.actions.values()));
    const answers = await Promise.all(questions.map((request) => ask(insider, method, request)));
    state.set(
      name,
      answers.map(({ text }) => text),
    );
  }
  return state;
}

describe("P8: whatever another tenant's names are told to a method, it knows nothing of them and changes nothing", () => {
  let events: readonly string[];
  let state: ReadonlyMap<string, readonly string[]>;
  beforeAll(async () => {
    state = await acmesState();
    events = await acmesEvents();
  });
  afterEach(async () => {
    expect(await acmesEvents()).toEqual(events);
  });

  it.each(READS)("%s tells its own people", (name) => {
    expect(secrets.foundIn(Buffer.from(state.get(name)?.join("\n") ?? ""))).not.toEqual([]);
  });

  it.each(METHODS)("%s: what is the caller's own", async (_name, method) => {
    for (const stranger of strangers) {
      for (const request of requests(method, "ofOwn", acme.names, acme.actions.values())) {
        said = Buffer.concat([said, encoded(method, request)]);
        const { bytes, text } = await ask(stranger, method, request);
        expect(secrets.foundIn(bytes, said), text).toEqual([]);
      }
    }
  });

  it.each(METHODS)("%s: what was never there", async (_name, method) => {
    const nobodys = nobodysNames(acme.names);
    for (const stranger of strangers) {
      const answersTo = async (names: Names) => {
        const asked = requests(method, "ofNothing", names, [names.action]);
        return Promise.all(asked.map(async (request) => ({ request, answer: await ask(stranger, method, request) })));
      };
      const expected = (await answersTo(nobodys)).map(({ answer }) => unnamed(answer, nobodys));
      const ofActions = [...acme.actions].map(async ([status, action]) => {
        const names = { ...acme.names, action };
        const answers = await answersTo(names);
        expect([status, ...answers.map(({ answer }) => unnamed(answer, names))]).toEqual([status, ...expected]);
        for (const { request, answer } of answers)
          expect(secrets.foundIn(answer.bytes, Buffer.concat([said, encoded(method, request)])), answer.text).toEqual([]);
      });
      await Promise.all(ofActions);
    }
  });

  it("acme's own people see everything as it was", async () => {
    expect(await acmesState()).toEqual(state);
  });
});

it("P8: streams that go on tell nothing of what another tenant does meanwhile", async () => {
  const [stranger] = strangers;
  if (stranger === undefined) throw new Error("there is no stranger");
  const { streamEvents } = AuditService.method;
  const own = await stranger.open(streamEvents, { follow: true });
  const theirs = await stranger.open(streamEvents, { follow: true, streamId: acme.names.action.id });
  const ended = theirs.next().then(String, ({ code }: { readonly code: string }) => code);
  const actionId = acme.names.action.id;
  await insider.unary(ReviewService.method.addComment, { actionId, kind: CommentKind.REMARK, text: "hello", idempotencyKey: "hello" });
  const { action } = await stranger.unary(ActionService.method.requestAction, { input: inputOf(acme.names), idempotencyKey: "meanwhile" });
  for (let id = ""; id !== action?.id;) {
    const { event } = (await own.next()) ?? {};
    id = event?.streamId ?? "";
    expect(secrets.foundIn(toBinary(EventSchema, event ?? create(EventSchema)), said)).toEqual([]);
  }
  own.close();
  theirs.close();
  expect(await ended).toBe("CANCELLED");
});
