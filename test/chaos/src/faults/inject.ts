import { setTimeout as sleep } from "node:timers/promises";
import { openDatabase } from "@countersign/database";
import type { Cluster, Instance } from "../cluster/cluster.ts";
import type { Part } from "../cluster/part.ts";
import type { History } from "../history.ts";
import { keepJetStream, wipeJetStream } from "./jetstream.ts";
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

/** Does it, waits, and undoes it. Resolves when the deployment is whole again. */
export async function inject(fault: Fault, cluster: Cluster, history: History): Promise<void> {
  const over = history.fault(describeFault(fault, cluster));
  await ACTS[fault.kind](fault, cluster);
  over();
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

type Act = (fault: Fault, cluster: Cluster) => Promise<void>;

const ACTS: Readonly<Record<FaultKind, Act>> = {
  kill: (fault, cluster) => killed(instanceOf(fault, cluster).part, fault),
  "kill-both": async (fault, cluster) => {
    const { service } = instanceOf(fault, cluster);
    await Promise.all(cluster.instances.filter((each) => each.service === service).map(({ part }) => killed(part, fault)));
  },
  pause: (fault, cluster) => paused(instanceOf(fault, cluster).part, fault),
  restart: async (fault, cluster) => {
    const { part } = instanceOf(fault, cluster);
    await part.stop();
    await part.start();
  },
  reset: async (fault, cluster) => linkOf(fault, cluster)?.reset(),
  delay: (fault, cluster) => impaired(fault, cluster, (link) => link.delay(fault.amount)),
  stall: (fault, cluster) => impaired(fault, cluster, (link) => link.stall()),
  cut: (fault, cluster) => impaired(fault, cluster, (link) => link.cut()),
  "nats-kill": (fault, { nats }) => killed(nats, fault),
  "nats-pause": (fault, { nats }) => paused(nats, fault),
  "nats-wipe": (fault, cluster) => killed(cluster.nats, fault, () => wipeJetStream(cluster)),
  "nats-rollback": async (fault, cluster) => {
    let bringBack = (): void => {};
    await killed(cluster.nats, { forMs: 0 }, () => {
      bringBack = keepJetStream(cluster);
    });
    await sleep(fault.forMs);
    await killed(cluster.nats, { forMs: 0 }, bringBack);
  },
  "nats-full": async (fault, { disks, nats }) => {
    disks.nats?.fill();
    await sleep(fault.forMs);
    disks.nats?.free();
    // It turns JetStream off when it cannot write, until somebody has made room and starts it again.
    await nats.stop();
    await nats.start();
  },
  "postgres-kill": (fault, { postgres }) => killed(postgres, fault),
  "postgres-pause": (fault, { postgres }) => paused(postgres, fault),
  "postgres-immediate": (fault, { postgres }) => stoppedBy("SIGQUIT", postgres, fault),
  "postgres-restart": (fault, { postgres }) => stoppedBy("SIGINT", postgres, fault),
  "postgres-readonly": async (fault, { databaseUrl }) => {
    await setReadOnly(databaseUrl, "on");
    await sleep(fault.forMs);
    await setReadOnly(databaseUrl, "off");
  },
  "postgres-full": async (fault, { disks }) => {
    disks.postgres?.fill();
    await sleep(fault.forMs);
    disks.postgres?.free();
  },
  clock: async (fault, cluster) => {
    const { clock } = instanceOf(fault, cluster);
    clock?.set(fault.amount);
    await sleep(fault.forMs);
    clock?.set(0);
  },
};

async function killed(part: Part, { forMs }: Pick<Fault, "forMs">, meanwhile: () => void = () => {}): Promise<void> {
  await part.kill();
  meanwhile();
  await sleep(forMs);
  await part.start();
}

async function paused(part: Part, { forMs }: Fault): Promise<void> {
  part.pause();
  await sleep(forMs);
  part.resume();
}

/** Ends it by a signal of its own, and starts it again. */
async function stoppedBy(signal: "SIGQUIT" | "SIGINT", part: Part, { forMs }: Fault): Promise<void> {
  await part.endBy(signal);
  await sleep(forMs);
  await part.start();
}

type Link = NonNullable<ReturnType<typeof linkOf>>;

async function impaired(fault: Fault, cluster: Cluster, impair: (link: Link) => void): Promise<void> {
  const link = linkOf(fault, cluster);
  if (link === undefined) return;
  impair(link);
  await sleep(fault.forMs);
  link.heal();
}

function instanceOf({ instance }: Pick<Fault, "instance">, { instances }: Cluster): Instance {
  const found = instances[instance];
  if (found === undefined) throw new RangeError(`there is no instance ${instance}`);
  return found;
}

/** A service that nobody calls directly has no link to callers: Postgres then. */
function linkOf(fault: Fault, cluster: Cluster): Instance["links"]["postgres"] {
  const { links } = instanceOf(fault, cluster);
  return links[fault.link] ?? links.postgres;
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
