import { create } from "@bufbuild/protobuf";
import { ActionInputSchema } from "@countersign/proto/v1/action_pb";
import { PrincipalSchema, PrincipalType } from "@countersign/proto/v1/principal_pb";
import { expect, it } from "vitest";
import { toEvaluationInput } from "./input-from-proto.ts";

const [ann, bob] = [
  { issuer: "i", id: "ann" },
  { issuer: "j", id: "bob" },
];
const requester = create(PrincipalSchema, {
  tenant: "acme",
  type: PrincipalType.AGENT,
  issuer: "https://issuer.example",
  id: "exporter",
  groups: ["bots"],
  roles: ["requester"],
  chain: [ann, bob],
  owner: bob,
});
const message = {
  subject: { type: "robot", id: "r2", properties: { team: "a" } },
  action: { name: "db.export", properties: { rows: 10 } },
  resource: { type: "db", id: "crm", properties: { region: "eu" } },
  context: { environment: "production" },
};

it("P1: judges all of what is asked, and who asks", () => {
  expect(toEvaluationInput(requester, create(ActionInputSchema, message), 7)).toEqual({
    principal: {
      tenant: "acme",
      type: "agent",
      issuer: "https://issuer.example",
      id: "exporter",
      groups: ["bots"],
      roles: ["requester"],
      chain: [ann, bob],
      owner: bob,
    },
    ...message,
    timeMs: 7,
  });
});

it.each([
  [PrincipalType.HUMAN, "human"],
  [PrincipalType.AGENT, "agent"],
  [PrincipalType.SERVICE, "service"],
])("P3: knows principals of type %s as %s", (type, expected) => {
  const { principal, subject } = toEvaluationInput(
    { ...requester, type },
    create(ActionInputSchema, { ...message, subject: undefined }),
    7,
  );
  expect([principal.type, subject]).toEqual([expected, { type: expected, id: "exporter", properties: {} }]);
});

it.each(["", "DB.export", "db..export", "db.export\n", "db.export; drop", ".db", "db."])(
  "P7: judges no action named %j, which no pattern can name",
  (name) => {
    const named = create(ActionInputSchema, { ...message, action: { name } });
    expect(() => toEvaluationInput(requester, named, 7)).toThrow("not valid");
  },
);
