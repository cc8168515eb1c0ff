import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { CommandError, type CommandBus } from "@countersign/bus";
import { CommandSchema } from "@countersign/proto/internal/v1/command_pb";
import * as wire from "@countersign/proto/internal/v1/directory_pb";
import { PrincipalRefSchema, PrincipalType } from "@countersign/proto/v1/principal_pb";
import type { DirectoryClientConfig } from "./config.ts";
import { fromPersonMessage } from "./from-person-message.ts";
import type { Resolved, Reviewers, WantedReviewers, Who } from "./person.ts";
import { rememberTenants, type Hearsay } from "./unmanaged-tenants.ts";

/** Nobody can say now who somebody is. Then nobody may decide, and trying again may help. */
export class DirectoryUnreachableError extends Error {
  override readonly name = "DirectoryUnreachableError";
}

/** Asks `directory` who people are. That a tenant does not keep its people there, it is asked once a minute. */
export type DirectoryClient = {
  /**
   * Who this is, at a time: sees every change that the directory acknowledged before the call.
   * @throws DirectoryUnreachableError when there is no answer in time, or none that makes sense.
   * @throws CommandError DATA_LOSS when its log is corrupt: trying again does not help.
   */
  resolvePerson(tenant: string, who: Who, at: Date, more?: { readonly withReports?: boolean }): Promise<Resolved>;
  /**
   * Everybody who is named, in one of the groups or on call, each once, with those who stand in for them.
   * @throws DirectoryUnreachableError as above.
   */
  listReviewers(tenant: string, wanted: WantedReviewers, at: Date): Promise<Reviewers>;
};

export type DirectoryClientOptions = {
  readonly commands: CommandBus;
  /** The service that asks; for logs at the other end. */
  readonly asker: string;
  readonly config: DirectoryClientConfig;
  /** Milliseconds on a clock that never jumps. */
  readonly monotonicMs?: () => number;
};

/** Makes a client over the command bus. */
export function createDirectoryClient(options: DirectoryClientOptions): DirectoryClient {
  const { commands, asker, config, monotonicMs = () => performance.now() } = options;
  const managed = new Set(config.managedTenants);
  const ask: Ask = async (tenant, method, request) => {
    const caller = { tenant, type: PrincipalType.SERVICE, issuer: "countersign", id: asker };
    return commands.send("directory", method, create(CommandSchema, { caller, request }), { timeoutMs: config.timeoutMs });
  };
  const isManaged = config.withoutDirectory ? async () => false : managedTenants(ask, managed, monotonicMs);
  return {
    resolvePerson: async (tenant, who, at, { withReports = false } = {}) => {
      if (!(await isManaged(tenant))) return { managed: false };
      return answered(async () => {
        const request = create(wire.ResolvePersonRequestSchema, { who: toWho(who), time: timestampFromMs(at.getTime()), withReports });
        const reply = await ask(tenant, "ResolvePerson", toBinary(wire.ResolvePersonRequestSchema, request));
        const response = fromBinary(wire.ResolvePersonResponseSchema, reply);
        assertManaged(tenant, response.managed);
        const person = response.person && fromPersonMessage(response.person);
        const known = person === undefined && response.known ? { known: true } : {};
        return { managed: true, person, ...known, ...unknownIn(response) };
      });
    },
    listReviewers: async (tenant, wanted, at) => {
      if (!(await isManaged(tenant))) return { managed: false };
      return answered(async () => {
        const { groups = [], schedules = [], personIds = [] } = wanted;
        const request = create(wire.ListReviewersRequestSchema, {
          groups: [...groups],
          schedules: [...schedules],
          personIds: [...personIds],
          time: timestampFromMs(at.getTime()),
        });
        const reply = await ask(tenant, "ListReviewers", toBinary(wire.ListReviewersRequestSchema, request));
        const response = fromBinary(wire.ListReviewersResponseSchema, reply);
        assertManaged(tenant, response.managed);
        return {
          managed: true,
          people: response.people.map(fromPersonMessage),
          ...unknownIn(response),
          ...(response.unknownGroups.length > 0 ? { unknownGroups: response.unknownGroups } : {}),
          ...(response.unknownPersonIds.length > 0 ? { unknownPersonIds: response.unknownPersonIds } : {}),
          ...(response.more ? { more: true } : {}),
        };
      });
    },
  };
}

type Ask = (tenant: string, method: string, request: Uint8Array) => Promise<Uint8Array>;

/**
 * P7: what our own setting does not name, the directory has to call unmanaged too. That nobody listens is no such word: it may be down. Only a
 * deployment that says that it has none goes without.
 */
function managedTenants(ask: Ask, managed: ReadonlySet<string>, monotonicMs: () => number): (tenant: string) => Promise<boolean> {
  const hearsay = rememberTenants(async (tenant): Promise<Hearsay> => {
    const request = create(wire.ResolvePersonRequestSchema, { who: toWho({ personId: "" }), time: timestampFromMs(0) });
    const reply = await ask(tenant, "ResolvePerson", toBinary(wire.ResolvePersonRequestSchema, request));
    return fromBinary(wire.ResolvePersonResponseSchema, reply).managed ? "managed" : "unmanaged";
  }, monotonicMs);
  return async (tenant) => {
    if (managed.has(tenant)) return true;
    if ((await answered(() => hearsay(tenant))) !== "managed") return false;
    throw new DirectoryUnreachableError(`COUNTERSIGN_MANAGED_TENANTS does not name ${tenant} here, and does at directory`);
  };
}

function toWho(who: Who): Exclude<wire.ResolvePersonRequest["who"], { case: undefined }> {
  if ("principal" in who) return { case: "principal", value: create(PrincipalRefSchema, who.principal) };
  if ("account" in who) return { case: "account", value: create(wire.ChannelAccountSchema, who.account) };
  return { case: "personId", value: who.personId };
}

/** P7: settings that differ between processes must not turn a managed tenant into one where a token's groups count. */
function assertManaged(tenant: string, managed: boolean): void {
  if (!managed) throw new Error(`COUNTERSIGN_MANAGED_TENANTS names ${tenant} here, and does not at directory`);
}

function unknownIn({ unknownSchedules }: { readonly unknownSchedules: readonly string[] }) {
  return unknownSchedules.length === 0 ? {} : { unknownSchedules };
}

async function answered<Answer>(question: () => Promise<Answer>): Promise<Answer> {
  try {
    return await question();
  } catch (error) {
    // Trying again does not help: its log is corrupt, and the caller is told so.
    if (error instanceof CommandError && error.code === "DATA_LOSS") throw error;
    throw new DirectoryUnreachableError("the directory did not say who this is", { cause: error });
  }
}
