import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { CommandError, type CommandHandler } from "@countersign/bus";
import type { Command } from "@countersign/proto/internal/v1/command_pb";
import { ActionSchema, ActionStatus } from "@countersign/proto/v1/action_pb";
import { GetActionRequestSchema, GetActionResponseSchema, WatchActionRequestSchema } from "@countersign/proto/v1/action_service_pb";

/** What she asks for. */
export const ASKED = { action: { name: "db.export" }, resource: { type: "db", id: "crm" } };

/** One action of tenant acme, requested by alice, as the approval service would tell it. */
export class PlayedAction {
  readonly id = "0190a0b0-0000-7000-8000-000000000001";
  version = 1;
  status: ActionStatus = ActionStatus.IN_REVIEW;
  reads = 0;

  moveTo(status: ActionStatus, version = this.version + 1): void {
    this.status = status;
    this.version = version;
  }

  /** Answers every call that a fixture's services get about it. */
  answer(answers: Record<string, CommandHandler>): void {
    Object.assign(answers, { RequestAction: this.request, RequestAndWatch: this.request, GetAction: this.get, WatchAction: this.watch });
  }

  /** The reply of RequestAction, and of RequestAndWatch. */
  readonly request: CommandHandler = async ({ caller }) => this.#reply(caller?.id === "alice");

  /** The reply of GetAction: the token goes to the requester only; other tenants find nothing. */
  readonly get: CommandHandler = async ({ caller, request }) => this.#read(caller, fromBinary(GetActionRequestSchema, request));

  /** The same of WatchAction: an action's state has the fields of an action. */
  readonly watch: CommandHandler = async ({ caller, request }) => this.#read(caller, fromBinary(WatchActionRequestSchema, request));

  #read(caller: Command["caller"], { actionId }: { readonly actionId: string }): Uint8Array {
    this.reads += 1;
    if (caller?.tenant !== "acme" || actionId !== this.id) throw new CommandError("NOT_FOUND", "NOT_FOUND", "There is no such action.");
    return this.#reply(caller.id === "alice");
  }

  #reply(isRequester: boolean): Uint8Array {
    const action = create(ActionSchema, { id: this.id, tenant: "acme", status: this.status, version: BigInt(this.version) });
    const grantToken = isRequester && this.status === ActionStatus.APPROVED ? "a.grant.token" : "";
    return toBinary(GetActionResponseSchema, create(GetActionResponseSchema, { action, grantToken }));
  }
}
