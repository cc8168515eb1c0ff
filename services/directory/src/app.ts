import { logCorruption, type CommandBus } from "@countersign/bus";
import type { EventLog } from "@countersign/event-log";
import { observe, type Logger } from "@countersign/telemetry";
import { createHandlers } from "./adapters/bus/handlers.ts";
import { newCode, newId } from "./adapters/ids.ts";
import { createDirectoryStore } from "./adapters/log/directory-store.ts";
import { allSchedules } from "./adapters/on-call/all-schedules.ts";
import { pagerDutySchedules } from "./adapters/on-call/pager-duty.ts";
import { staticSchedules } from "./adapters/on-call/static-schedules.ts";
import { startScimServer, type RunningScimServer } from "./adapters/scim/server.ts";
import type { DirectoryConfig } from "./config.ts";
import type { TenantSettings } from "./directory-file.ts";
import { createDirectories, type Directories } from "./usecases/directories.ts";
import { DirectoryStoreError } from "./usecases/ports.ts";
import type { ManagedTenant } from "./usecases/who-is.ts";

export type DirectoryDeps = {
  readonly config: DirectoryConfig;
  readonly log: EventLog;
  readonly commands: CommandBus;
  readonly logger: Logger;
  readonly clock?: () => Date;
  /** Milliseconds on a clock that never jumps. */
  readonly monotonicMs?: () => number;
};

export type RunningDirectory = {
  /** Undefined: no tenant keeps its people here, so nothing listens. */
  readonly scimPort: number | undefined;
  close(): Promise<void>;
};

/** Serves the commands of `directory`, and SCIM where a tenant keeps its people here, until closed. Any number of instances may run. */
export async function startDirectory(deps: DirectoryDeps): Promise<RunningDirectory> {
  const { config, log, commands, logger, clock = () => new Date() } = deps;
  const store = createDirectoryStore(log);
  const directories = createDirectories(store, config.quotas.of);
  const stopForgetting = log.onLost?.(() => directories.forgetAll());
  const tenants = new Map([...config.tenants].map(([tenant, settings]) => [tenant, toManaged(settings, deps)] as const));
  const makeId = (): string => newId(clock());
  // Folded before anybody asks: the first vote after a start waits for nothing.
  await Promise.all([...tenants.keys()].map((tenant) => foldedOr(directories.current(tenant), tenant, logger)));
  const serving = await commands.serve("directory", createHandlers({ directories, store, tenants, clock, newId: makeId, newCode }));
  const stopObserving = observeAge([...tenants.keys()], directories, clock);
  let scim: RunningScimServer | undefined;
  try {
    if (tenants.size > 0) {
      scim = await startScimServer({ ...config.scim, tokens: tokensOf(config), directories, clock, newId: makeId, logger });
    }
  } catch (error) {
    stopObserving();
    await serving.close();
    throw error;
  }
  logger.info({ tenants: tenants.size }, "directory serves");
  return {
    scimPort: scim?.port,
    close: async () => {
      stopObserving();
      await scim?.close();
      await serving.close();
      stopForgetting?.();
    },
  };
}

/** P8: what cannot be trusted or understood of one tenant's directory keeps nobody else's from being asked. */
async function foldedOr(folding: Promise<unknown>, tenant: string, logger: Logger): Promise<void> {
  try {
    await folding;
  } catch (error) {
    if (!(error instanceof DirectoryStoreError) || error.code !== "unreadable") throw error;
    if (!logCorruption(error, { service: "directory", tenant }, logger)) logger.error({ err: error, tenant }, "a directory cannot be read");
  }
}

/** Identity providers tell of changes as they happen. One that has been silent for long may have lost its way here, and leavers stay reviewers. */
function observeAge(tenants: readonly string[], directories: Pick<Directories, "changedAt">, clock: () => Date): () => void {
  const gauges = { "countersign.directory.age": { description: "Time since the directory that was quiet longest has changed", unit: "s" } };
  return observe(
    gauges,
    async () => {
      const changes = await Promise.all(tenants.map((tenant) => directories.changedAt(tenant)));
      const known = changes.filter((at) => at !== undefined);
      const value = (clock().getTime() - Math.min(...known)) / 1000;
      return { "countersign.directory.age": known.length === 0 ? [] : [{ value: Math.max(0, value) }] };
    },
    { freshMs: AGE_FRESH_MS },
  );
}

const AGE_FRESH_MS = 5000;

function tokensOf(config: DirectoryConfig) {
  return [...config.tenants].flatMap(([tenant, settings]) =>
    settings.scim_tokens.map(({ name, sha256 }) => ({ tenant, name, sha256: Buffer.from(sha256, "hex") })),
  );
}

function toManaged(settings: TenantSettings, { logger, monotonicMs = () => performance.now() }: DirectoryDeps): ManagedTenant {
  const { sign_in: signIn, roles, schedules, pagerduty } = settings;
  const own = Object.entries(schedules).map(([name, { rotations, overrides }]) => {
    const turns = rotations.map(({ start, turn, people }) => ({ startMs: start, turnMs: turn, people }));
    return [
      name,
      { rotations: turns, overrides: overrides.map(({ from, until, person }) => ({ fromMs: from, untilMs: until, person })) },
    ] as const;
  });
  const sources = [staticSchedules(new Map(own))];
  if (pagerduty !== undefined) {
    const { url, token, subdomain, cache: cacheMs, timeout: timeoutMs } = pagerduty;
    const ids = new Map(Object.entries(pagerduty.schedules));
    sources.push(pagerDutySchedules({ url, token, subdomain, schedules: ids, cacheMs, timeoutMs, logger, monotonicMs }));
  }
  return { signIn, reviewerGroups: roles?.reviewer ?? [], onCall: allSchedules(sources) };
}
