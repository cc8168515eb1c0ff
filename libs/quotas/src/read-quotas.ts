import { readFileSync } from "node:fs";
import { ConfigError, parseYaml } from "@countersign/config";
import { z } from "zod";
import type { Quota, Quotas } from "./quotas.ts";

const VARIABLE = "COUNTERSIGN_QUOTAS_FILE";

const none = z.literal("none").transform(() => Infinity);
const count = z.union([z.int().min(1), none]).optional();
const member = z.strictObject({
  requests_per_second: z.union([z.number().positive().max(1_000_000), none]).optional(),
  burst: z.int().min(1).optional(),
  pending_reviews: count,
  open_watches: count,
  people: count,
  groups: count,
  memberships: count,
  delegations: count,
});
const schema = z.strictObject({
  default: member.default({}),
  tenants: z.record(z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, "must be the name of a tenant"), member).default({}),
});

type Member = z.output<typeof member>;

/** Where nothing is said. Directories are held in memory that all tenants share, so that they have an end. */
const UNSAID: Quota = {
  requestsPerSecond: Infinity,
  burst: Infinity,
  pendingReviews: Infinity,
  openWatches: Infinity,
  people: 100_000,
  groups: 10_000,
  memberships: 1_000_000,
  delegations: 10_000,
};

/**
 * Reads the quotas from the YAML or JSON file that `COUNTERSIGN_QUOTAS_FILE` names. What a tenant's entry leaves out is as in `default`, and what that leaves out has no
 * limit, but in the directory: 100,000 people, 10,000 groups with 1,000,000 members together, 10,000 delegations. `none` lifts one.
 * @throws ConfigError with every problem, each with its path.
 */
export function readQuotas(env: NodeJS.ProcessEnv): Quotas {
  const file = env[VARIABLE];
  if (!file) return { of: () => UNSAID };
  const parsed = schema.safeParse(readYaml(file) ?? {});
  if (!parsed.success) {
    throw new ConfigError(parsed.error.issues.map(({ path, message }) => `${[VARIABLE, ...path].join(".")}: ${message}`));
  }
  const others = quotaOf(parsed.data.default, UNSAID);
  const named = new Map(Object.entries(parsed.data.tenants).map(([tenant, own]) => [tenant, quotaOf(own, others)]));
  return { of: (tenant) => named.get(tenant) ?? others };
}

function quotaOf(own: Member, otherwise: Quota): Quota {
  const requestsPerSecond = own.requests_per_second ?? otherwise.requestsPerSecond;
  return {
    requestsPerSecond,
    // Twice a second's worth, unless it is said; another rate has another burst.
    burst: own.burst ?? (own.requests_per_second === undefined ? otherwise.burst : Math.max(1, Math.ceil(2 * requestsPerSecond))),
    pendingReviews: own.pending_reviews ?? otherwise.pendingReviews,
    openWatches: own.open_watches ?? otherwise.openWatches,
    people: own.people ?? otherwise.people,
    groups: own.groups ?? otherwise.groups,
    memberships: own.memberships ?? otherwise.memberships,
    delegations: own.delegations ?? otherwise.delegations,
  };
}

function readYaml(file: string): unknown {
  try {
    return parseYaml(readFileSync(file, "utf8"));
  } catch (error) {
    throw new ConfigError([`${VARIABLE}: cannot read ${file}: ${String(error)}`]);
  }
}
