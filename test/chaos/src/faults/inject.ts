import { setTimeout as sleep } from "node:timers/promises";
import { openDatabase } from "@countersign/database";
import type { Cluster, Instance } from "../cluster/cluster.ts";
import type { Disk } from "../cluster/disk.ts";
import type { Part } from "../cluster/part.ts";
import type { History } from "../history.ts";
import { keepJetStream, wipeJetStream } from "./jetstream.ts";
import {
  answeredCopy,
  grownCopy,
  whetherAstray,
  whetherFull,
  whetherReadOnly,
  whetherReplaced,
  whetherRolledBack,
  whetherWiped,
} from "./measure.ts";
import type { Fault, FaultKind } from "./plan.ts";

/** Kinds of faults that this machine cannot have, with the reason. */
export function leftOut(cluster: Cluster): ReadonlyMap<FaultKind, string> {
  const missing = new Map<FaultKind, string>();
  const noDisk = "this user may not mount a small disk";
  if (cluster.disks.postgres === undefined) missing.set("postgres-full", noDisk);
  if (cluster.disks.nats === undefined) missing.set("nats-full", noDisk);
  if (cluster.instances.every(({ clock }) => clock === undefined))
    missing.set("clock", "libfaketime is not here: apt-get install faketime");
  return missing;
}

/** Does it, waits, and undoes it. Resolves when the deployment is whole again, with what was felt of it: nothing when nothing was. */
export async function inject(fault: Fault, cluster: Cluster, history: History): Promise<string | undefined> {
  const over = history.fault(describeFault(fault, cluster));
  const felt = await ACTS[fault.kind](fault, cluster);
  over(felt ?? "nothing was felt of it");
  return felt;
}

function describeFault({ kind, forMs, amount, ...fault }: Fault, cluster: Cluster): string {
  const { part, service } = instanceOf(fault, cluster);
  const length = forMs > 0 ? ` for ${forMs} ms` : "";
  switch (kind) {
    case "kill":
    case "pause":
    case "restart":
      return `${kind} ${part.name}${length}`;
    case "kill-both":
      return `kill every ${service}${length}`;
    case "delay":
      return `delay ${part.name} - ${fault.link} by ${amount} ms${length}`;
    case "reset":
    case "stall":
    case "cut":
      return `${kind} ${part.name} - ${fault.link}${length}`;
    case "clock":
      return `clock of ${part.name} ${amount} s off${length}`;
    default:
      return `${kind}${length}`;
  }
}

/** Resolves with what was felt of it. */
type Act = (fault: Fault, cluster: Cluster) => Promise<string | undefined>;

const ACTS: Readonly<Record<FaultKind, Act>> = {
  kill: (fault, cluster) => killed(instanceOf(fault, cluster).part, fault),
  "kill-both": async (fault, cluster) => {
    const { service } = instanceOf(fault, cluster);
    const both = cluster.instances.filter((each) => each.service === service);
    const felt = await Promise.all(both.map(({ part }) => killed(part, fault)));
    return felt.every((each) => each !== undefined) ? felt.join(", ") : undefined;
  },
  pause: (fault, cluster) => paused(instanceOf(fault, cluster).part, fault),
  restart: async (fault, cluster) => {
    const { part } = instanceOf(fault, cluster);
    const replaced = whetherReplaced(part);
    await part.stop();
    await part.start();
    return replaced();
  },
  reset: (fault, cluster) => impaired(fault, cluster, (link) => link.reset()),
  delay: (fault, cluster) => impaired(fault, cluster, (link) => link.delay(fault.amount)),
  stall: (fault, cluster) => impaired(fault, cluster, (link) => link.stall()),
  cut: (fault, cluster) => impaired(fault, cluster, (link) => link.cut()),
  "nats-kill": (fault, { nats }) => killed(nats, fault),
  "nats-pause": (fault, { nats }) => paused(nats, fault),
  "nats-wipe": async (fault, cluster) => {
    const before = await answeredCopy(cluster.natsUrl);
    await killed(cluster.nats, fault, () => wipeJetStream(cluster));
    return whetherWiped(before, await answeredCopy(cluster.natsUrl));
  },
  "nats-rollback": async (fault, cluster) => {
    let bringBack = (): void => {};
    await killed(cluster.nats, { forMs: 0 }, () => {
      bringBack = keepJetStream(cluster);
    });
    const kept = await answeredCopy(cluster.natsUrl);
    await sleep(fault.forMs);
    const before = await grownCopy(cluster.natsUrl, kept);
    await killed(cluster.nats, { forMs: 0 }, bringBack);
    return whetherRolledBack(before, await answeredCopy(cluster.natsUrl));
  },
  "nats-full": async (fault, { disks, nats }) => {
    const felt = await filled(disks.nats, fault, "store/jetstream");
    // It turns JetStream off when it cannot write, until somebody has made room and starts it again.
    await nats.stop();
    await nats.start();
    return felt;
  },
  "postgres-kill": (fault, { postgres }) => killed(postgres, fault),
  "postgres-pause": (fault, { postgres }) => paused(postgres, fault),
  "postgres-immediate": (fault, { postgres }) => stoppedBy("SIGQUIT", postgres, fault),
  "postgres-restart": (fault, { postgres }) => stoppedBy("SIGINT", postgres, fault),
  "postgres-readonly": async (fault, { databaseUrl }) => {
    await setReadOnly(databaseUrl, "on");
    await sleep(fault.forMs);
    const felt = await whetherReadOnly(databaseUrl);
    await setReadOnly(databaseUrl, "off");
    return felt;
  },
  "postgres-full": (fault, { disks }) => filled(disks.postgres, fault, "data/PG_VERSION"),
  clock: async (fault, cluster) => {
    const { clock, probes = 0 } = instanceOf(fault, cluster);
    clock?.set(fault.amount);
    await sleep(fault.forMs);
    const felt = await whetherAstray(probes, fault.amount).catch(() => undefined);
    clock?.set(0);
    return felt;
  },
};

async function killed(part: Part, { forMs }: Pick<Fault, "forMs">, meanwhile: () => void = () => {}): Promise<string | undefined> {
  const replaced = whetherReplaced(part);
  await part.kill();
  meanwhile();
  await sleep(forMs);
  await part.start();
  return replaced();
}

async function paused(part: Part, { forMs }: Fault): Promise<string | undefined> {
  part.pause();
  await sleep(forMs);
  const felt = part.isPaused ? "it stood still" : undefined;
  part.resume();
  return felt;
}

/** Ends it by a signal of its own, and starts it again. */
async function stoppedBy(signal: "SIGQUIT" | "SIGINT", part: Part, { forMs }: Fault): Promise<string | undefined> {
  const replaced = whetherReplaced(part);
  await part.endBy(signal);
  await sleep(forMs);
  await part.start();
  return replaced();
}

/** @param inhabited what is there of whoever is to feel it. */
async function filled(disk: Disk | undefined, { forMs }: Fault, inhabited: string): Promise<string | undefined> {
  if (disk === undefined) return undefined;
  disk.fill();
  const felt = whetherFull(disk.folder, inhabited);
  await sleep(forMs);
  disk.free();
  return felt;
}

type Link = NonNullable<ReturnType<typeof linkOf>>;

async function impaired(fault: Fault, cluster: Cluster, impair: (link: Link) => void): Promise<string | undefined> {
  const link = linkOf(fault, cluster);
  if (link === undefined) return undefined;
  const { harmed } = link;
  impair(link);
  await sleep(fault.forMs);
  link.heal();
  return link.harmed === harmed ? undefined : `${link.harmed - harmed} connections or pieces`;
}

function instanceOf({ instance }: Pick<Fault, "instance">, { instances }: Cluster): Instance {
  const found = instances[instance];
  if (found === undefined) throw new RangeError(`there is no instance ${instance}`);
  return found;
}

/** A service that nobody calls directly has no link to callers, and the gateway none to Postgres: the other one then. */
function linkOf(fault: Fault, cluster: Cluster): Instance["links"]["nats"] {
  const { links } = instanceOf(fault, cluster);
  return links[fault.link] ?? links.postgres ?? links.callers;
}

async function setReadOnly(databaseUrl: string, value: "on" | "off"): Promise<void> {
  const settings = { default_transaction_read_only: "off" };
  for (let attempt = 1; ; attempt += 1) {
    const database = openDatabase({ url: databaseUrl, role: null, maxConnections: 1, settings });
    try {
      await database.pool.query(`alter system set default_transaction_read_only = ${value}`);
      await database.pool.query("select pg_reload_conf()");
      return;
    } catch (error) {
      // Whatever else is wrong with Postgres at this moment passes.
      if (attempt === 100) throw error;
      await sleep(200);
    } finally {
      await database.close();
    }
  }
}
