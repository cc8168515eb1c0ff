import type { Database } from "@countersign/database";
import { ATTRIBUTES, observe } from "@countersign/telemetry";

/** How a pool of connections is used, as the semantic conventions name it: waiting requests mean that it is too small, or that queries hang. */
export function observePool(name: string, { pool }: Pick<Database, "pool">): () => void {
  const attributes = { [ATTRIBUTES.poolName]: name };
  return observe(
    {
      "db.client.connection.count": { description: "Connections of a pool, by state" },
      "db.client.connection.pending_requests": { description: "Requests that wait for a connection" },
      "db.client.connection.max": { description: "Connections that a pool may have" },
    },
    () => ({
      "db.client.connection.count": [
        { value: pool.idleCount, attributes: { ...attributes, [ATTRIBUTES.poolState]: "idle" } },
        { value: pool.totalCount - pool.idleCount, attributes: { ...attributes, [ATTRIBUTES.poolState]: "used" } },
      ],
      "db.client.connection.pending_requests": [{ value: pool.waitingCount, attributes }],
      "db.client.connection.max": [{ value: pool.options.max, attributes }],
    }),
  );
}
