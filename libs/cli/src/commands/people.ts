import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import {
  DelegationSchema,
  GetMeResponseSchema,
  ListDelegationsResponseSchema,
  SetAwayResponseSchema,
  type Away,
  type Delegation,
  type GetMeResponse,
} from "@countersign/proto/v1/directory_service_pb";
import { visible } from "@countersign/review-view";
import type { Command } from "commander";
import { withContext, type Io } from "../context.ts";
import { moment, table } from "../output.ts";
import { parseAt, type At } from "../parse-at.ts";
import { collect, parseMoment } from "../parse.ts";
import { accountText, addLinkCommands } from "./link.ts";

/** What people tell the directory about themselves: whoami, delegate, away, link, unlink. */
export function addPeopleCommands(program: Command, io: Io): void {
  program
    .command("whoami")
    .description("who you are to Countersign: person, groups, shifts, delegations, accounts")
    .action((_options: object, command: Command) =>
      withContext(command, io, async ({ client, output }) => {
        const reply = await client.directory.getMe({});
        output.message(GetMeResponseSchema, reply, () => meText(reply));
      }),
    );
  addDelegateCommands(program, io);
  program
    .command("away")
    .description("say that you are out of office; without --until, that you are back")
    .option("--from <time>", "a time, or a duration from now such as 5d; default: now", parseMoment)
    .option("--until <time>", "a time, or a duration from now such as 5d", parseMoment)
    .option("--deputy <person>", "who decides in your place meanwhile: user name or id; at most 30 days", "")
    .action(({ from, until, deputy }: { from?: Date; until?: Date; deputy: string }, command: Command) =>
      withContext(command, io, async ({ client, output }) => {
        const reply = await client.directory.setAway({
          ...(from === undefined ? {} : { fromTime: timestampFromDate(from) }),
          ...(until === undefined ? {} : { untilTime: timestampFromDate(until) }),
          deputy,
        });
        output.message(SetAwayResponseSchema, reply, () => (reply.away === undefined ? "you are back" : awayText(reply.away)));
      }),
    );
  addLinkCommands(program, io);
}

function addDelegateCommands(program: Command, io: Io): void {
  const delegate = program.command("delegate").description("let somebody decide in your place for a time");
  delegate
    .command("to")
    .description("give; at most 30 days, and nobody passes it on")
    .argument("<person>", "user name or id")
    .requiredOption("--until <time>", "a time, or a duration from now such as 5d", parseMoment)
    .option("--from <time>", "a time, or a duration from now such as 5d; default: now", parseMoment)
    .option("--group <name>", "only by this group of yours; repeat for more", collect, [])
    .action((to: string, { until, from, group }: { until: Date; from?: Date; group: string[] }, command: Command) =>
      withContext(command, io, async ({ client, output }) => {
        const fromTime = from === undefined ? {} : { fromTime: timestampFromDate(from) };
        const { delegation } = await client.directory.createDelegation({
          to,
          groups: group,
          ...fromTime,
          untilTime: timestampFromDate(until),
        });
        if (delegation !== undefined) output.message(DelegationSchema, delegation, () => delegationsTable([delegation]));
      }),
    );
  delegate
    .command("list")
    .description("what you gave and have")
    .option("--all", "everybody's, for auditors and operators")
    .option("--past", "also those that are over or revoked")
    .option("--at <position|time>", "as they were then", parseAt)
    .action(({ all, past, at }: { all?: boolean; past?: boolean; at?: At }, command: Command) =>
      withContext(command, io, async ({ client, output }) => {
        const request = { all: all === true, past: past === true, ...(at === undefined ? {} : { at }) };
        const reply = await client.directory.listDelegations(request);
        output.message(ListDelegationsResponseSchema, reply, () => delegationsTable(reply.delegations));
      }),
    );
  delegate
    .command("revoke")
    .description("end one before its time")
    .argument("<id>", "as delegate list shows it")
    .action((delegationId: string, _options: object, command: Command) =>
      withContext(command, io, async ({ client, output }) => {
        const { delegation } = await client.directory.revokeDelegation({ delegationId });
        if (delegation !== undefined) output.message(DelegationSchema, delegation, () => delegationsTable([delegation]));
      }),
    );
}

function meText(me: GetMeResponse): string {
  const rows: [string, string][] = [
    ["principal", `${me.principal?.id ?? ""} of ${me.principal?.issuer ?? ""}, tenant ${me.principal?.tenant ?? ""}`],
  ];
  if (!me.managed) {
    rows.push(
      ["directory", "this tenant has none: your token says in which groups you are"],
      ["groups", (me.principal?.groups ?? []).join(", ")],
    );
  } else if (me.personId === "") {
    rows.push(["directory", "does not know you: you may decide nothing"]);
  } else {
    rows.push(["person", `${me.displayName} (${me.personId})${me.active ? "" : ", switched off: you may decide nothing"}`]);
    rows.push(
      ["groups", me.groups.join(", ")],
      ["on call", [...me.onCall, ...me.unknownSchedules.map((name) => `${name}: not known now`)].join(", ")],
    );
    rows.push(["sign-ins", me.principals.map(({ issuer, id }) => `${id} of ${issuer}`).join(", ")]);
    rows.push(["accounts", me.accounts.map(accountText).join(", ")]);
    if (me.away !== undefined) rows.push(["away", awayText(me.away)]);
  }
  const facts = rows.map(([name, value]) => `${name.padEnd(11)}${visible(value === "" ? "none" : value).text}`).join("\n");
  return me.delegations.length === 0 ? facts : `${facts}\n\n${delegationsTable(me.delegations)}`;
}

function delegationsTable(delegations: readonly Delegation[]): string {
  return table(
    ["ID", "IN PLACE OF", "DECIDES", "GROUPS", "FROM", "UNTIL", ""],
    delegations.map((one) => [
      one.id,
      one.fromDisplayName || one.fromPersonId,
      one.toDisplayName || one.toPersonId,
      one.groups.length === 0 ? "all" : one.groups.join(", "),
      moment(one.fromTime),
      moment(one.untilTime),
      one.revoked ? "revoked" : "",
    ]),
  );
}

function awayText({ fromTime, untilTime, deputyId }: Away): string {
  return `away from ${moment(fromTime)} until ${moment(untilTime)}${deputyId === "" ? "" : `; ${deputyId} decides meanwhile`}`;
}
