import { openDatabase } from "@countersign/database";

/** All that a migration can make, a line each: columns, keys, checks, indexes, triggers, functions, policies and rights. */
export async function shapeOf(url: string, schemas: readonly string[]): Promise<readonly string[]> {
  const owner = openDatabase({ url, role: null });
  try {
    const { rows } = await owner.pool.query<{ line: string }>(SHAPE, [schemas]);
    return rows.map(({ line }) => line);
  } finally {
    await owner.close();
  }
}

const SHAPE = `
  with relation as (
    select c.oid, format('%I.%I', n.nspname, c.relname) as name, c.relkind, c.relacl, c.relowner, c.reloptions, c.relrowsecurity, c.relforcerowsecurity
    from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = any ($1))
  select concat_ws(' ', name, relkind, relowner::regrole, array(select unnest(relacl)::text order by 1), reloptions, relrowsecurity, relforcerowsecurity) as line
    from relation
  union all select concat_ws(' ', name, attname, format_type(atttypid, atttypmod), attnotnull, attidentity, attgenerated, attstorage, array(select unnest(attacl)::text order by 1), pg_get_expr(adbin, adrelid))
    from relation join pg_attribute a on attrelid = relation.oid left join pg_attrdef on adrelid = attrelid and adnum = attnum
    where attnum > 0 and not attisdropped and relkind in ('r', 'v')
  union all select concat_ws(' ', name, conname, pg_get_constraintdef(c.oid)) from relation join pg_constraint c on conrelid = relation.oid
  union all select pg_get_indexdef(indexrelid) from relation join pg_index on indrelid = relation.oid
  union all select concat_ws(' ', pg_get_triggerdef(t.oid), tgenabled) from relation join pg_trigger t on tgrelid = relation.oid where not tgisinternal
  union all select concat_ws(' ', name, polname, polcmd, array(select unnest(polroles)::regrole::text order by 1), pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid))
    from relation join pg_policy on polrelid = relation.oid
  union all select concat_ws(' ', pg_get_functiondef(p.oid), proowner::regrole, array(select unnest(proacl)::text order by 1))
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname = any ($1)
  union all select concat_ws(' ', nspname, array(select unnest(nspacl)::text order by 1)) from pg_namespace where nspname = any ($1)
  order by 1`;
