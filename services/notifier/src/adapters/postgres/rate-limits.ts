import { sql, type Kysely } from "kysely";
import type { RateLimit } from "../../usecases/channel.ts";

/** What the buckets hold now; `againInMs`: when there is a whole token in each. */
export type Allowance = { readonly tokens: number; readonly againInMs: number };

/** Locks the buckets until the transaction ends, so that no other process spends the same tokens, and fills them up by the server's clock. */
export async function fillBuckets<Tables>(transaction: Kysely<Tables>, limits: readonly RateLimit[]): Promise<Allowance> {
  const sorted = limits.toSorted((one, other) => (one.bucket < other.bucket ? -1 : 1));
  const { rows } = await sql<{ bucket: string; tokens: number }>`
    insert into notifier.rate as rate (bucket, tokens)
    select * from unnest(${sorted.map(({ bucket }) => bucket)}::text[], ${sorted.map(({ burst }) => burst)}::double precision[])
    on conflict (bucket) do update set
      tokens = least(excluded.tokens, rate.tokens + extract(epoch from clock_timestamp() - rate.refilled_at) * ${perSecondOf(sorted)}),
      refilled_at = clock_timestamp()
    returning bucket, tokens
  `.execute(transaction);
  const held = new Map(rows.map(({ bucket, tokens }) => [bucket, tokens]));
  const waits = limits.map(({ bucket, perSecond }) => Math.max(0, 1 - (held.get(bucket) ?? 0)) / perSecond);
  return {
    tokens: Math.floor(Math.min(...limits.map(({ bucket }) => held.get(bucket) ?? 0))),
    againInMs: Math.ceil(Math.max(...waits) * 1000),
  };
}

/** Takes tokens out of buckets that this transaction has filled. */
export async function spendTokens<Tables>(transaction: Kysely<Tables>, limits: readonly RateLimit[], count: number): Promise<void> {
  await sql`update notifier.rate set tokens = tokens - ${count} where bucket = any(${limits.map(({ bucket }) => bucket)}::text[])`.execute(
    transaction,
  );
}

function perSecondOf(limits: readonly RateLimit[]) {
  return sql`(select per_second from unnest(${limits.map(({ bucket }) => bucket)}::text[], ${limits.map(({ perSecond }) => perSecond)}::double precision[]) as given (bucket, per_second) where given.bucket = rate.bucket)`;
}
