import type { Command } from "@countersign/proto/internal/v1/command_pb";
import type { Decided } from "../../domain/decided.ts";
import { personOf, type Directory, type Person } from "../../domain/directory.ts";
import type { ManagedTenant } from "../../usecases/who-is.ts";
import type { HandlerDeps } from "./deps.ts";
import { notManaged, refusal } from "./failures.ts";
import { changedBy, humanOf } from "./read-request.ts";

/** A change that a human makes for itself. */
export type OwnChange = {
  readonly tenant: string;
  readonly atMs: number;
  /** Who the caller is in a directory; switched off people say nothing. */
  readonly me: (directory: Directory) => Person | undefined;
  /** Decides as the caller's person, and records that. @throws CommandError */
  readonly change: (decide: (directory: Directory, me: Person) => Decided) => Promise<Directory>;
};

/** @throws CommandError when the tenant has no directory or the caller is not a human who speaks for itself. */
export function ownChange({ directories, tenants, clock }: HandlerDeps, command: Command): OwnChange {
  const caller = humanOf(command);
  const { tenant } = caller;
  const settings = settingsOf(tenants, tenant);
  const atMs = clock().getTime();
  const me = (directory: Directory): Person | undefined => {
    const person = personOf(directory, caller, settings.signIn);
    return person?.active === true ? person : undefined;
  };
  return {
    tenant,
    atMs,
    me,
    change: async (decide) => {
      const changed = await directories.change(tenant, changedBy(command, atMs), (directory) => {
        const person = me(directory);
        return person === undefined ? { rejection: "not_in_directory" } : decide(directory, person);
      });
      if (!changed.ok) throw refusal(changed.code, changed.limit);
      return changed.directory;
    },
  };
}

export function settingsOf(tenants: ReadonlyMap<string, ManagedTenant>, tenant: string): ManagedTenant {
  const settings = tenants.get(tenant);
  if (settings === undefined) throw notManaged();
  return settings;
}
