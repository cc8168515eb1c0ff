import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { CommandError } from "@countersign/bus";
import * as directory from "@countersign/proto/v1/directory_service_pb";
import { describe, expect, it } from "vitest";
import {
  checkCreateDelegation,
  checkErasePerson,
  checkLinkAccount,
  checkRevokeDelegation,
  checkSetAway,
  checkUnlinkAccount,
} from "./directory.ts";
import { Violations } from "./violations.ts";

const time = { seconds: 1_800_000_000n };
const beyond = { seconds: 253_402_300_800n };

function fieldsOf(check: (violations: Violations) => void): readonly string[] {
  const violations = new Violations();
  check(violations);
  try {
    violations.throwIfAny();
    return [];
  } catch (error) {
    return error instanceof CommandError ? error.violations.map(({ field }) => field) : ["?"];
  }
}

const delegation = (request: MessageInitShape<typeof directory.CreateDelegationRequestSchema>) =>
  fieldsOf((violations) => checkCreateDelegation(create(directory.CreateDelegationRequestSchema, request), violations));
const away = (request: MessageInitShape<typeof directory.SetAwayRequestSchema>) =>
  fieldsOf((violations) => checkSetAway(create(directory.SetAwayRequestSchema, request), violations));
const account = { channel: "slack", workspace: "T1", id: "U1" };
const link = (code: string) =>
  fieldsOf((violations) => checkLinkAccount(create(directory.LinkAccountRequestSchema, { code, account }), violations));

describe("what people tell the directory", () => {
  it("names all that is wrong with a delegation", () => {
    expect(delegation({ to: "bob", groups: ["sre"], untilTime: time })).toEqual([]);
    expect(delegation({})).toEqual(["to", "until_time"]);
    expect(delegation({ to: "b\u0000b", groups: ["", "x"], fromTime: beyond, untilTime: { seconds: 0n, nanos: -1 } })).toEqual([
      "to",
      "groups[0]",
      "from_time",
      "until_time",
    ]);
    expect(delegation({ to: "bob", groups: Array<string>(101).fill("g"), untilTime: time })).toEqual(["groups"]);
  });

  it("takes an absence with an end, or nothing at all", () => {
    expect(away({})).toEqual([]);
    expect(away({ untilTime: time, deputy: "bob" })).toEqual([]);
    expect(away({ deputy: "bob" })).toEqual(["until_time"]);
    expect(away({ fromTime: time })).toEqual(["until_time"]);
    expect(away({ untilTime: beyond })).toEqual(["until_time"]);
  });

  it("takes what looks like a code, an account and an id", () => {
    expect(link("7K2M-Q9ZD-41XT-B8HV")).toEqual([]);
    expect(link("7k2mq9zd41xtb8hv")).toEqual([]);
    for (const code of ["", "short", "7K2M-Q9ZD-41XT-B8H\u0000", "x".repeat(33)]) expect(link(code)).toEqual(["code"]);
    const unseen = create(directory.LinkAccountRequestSchema, { code: "7K2M-Q9ZD-41XT-B8HV" });
    expect(fieldsOf((violations) => checkLinkAccount(unseen, violations))).toEqual(["account.channel", "account.id"]);
    const erase = create(directory.ErasePersonRequestSchema, {});
    expect(fieldsOf((violations) => checkErasePerson(erase, violations))).toEqual(["person_id", "reason"]);
    const unlink = create(directory.UnlinkAccountRequestSchema, {});
    expect(fieldsOf((violations) => checkUnlinkAccount(unlink, violations))).toEqual(["account.channel", "account.id"]);
    const revoke = create(directory.RevokeDelegationRequestSchema, { delegationId: "1" });
    expect(fieldsOf((violations) => checkRevokeDelegation(revoke, violations))).toEqual(["delegation_id"]);
  });
});
