import { formatNote, parseNote, type NoteSignature } from "@countersign/tlog";
import { sql, type Kysely } from "kysely";

type CosignatureRow = { readonly name: string; readonly key_id: number; readonly signature: Buffer };

/** The note of a checkpoint with the cosignatures that were stored for it, in the order of their names. */
export async function withCosignatures(
  database: Kysely<unknown>,
  ledger: string,
  { epoch, size, note }: { readonly epoch: number; readonly size: number; readonly note: Uint8Array },
): Promise<Uint8Array> {
  const { rows } = await sql<CosignatureRow>`
    select name, key_id, signature from audit.cosignature
    where ledger = ${ledger} and epoch = ${epoch} and size = ${size} order by name, key_id`.execute(database);
  if (rows.length === 0) return note;
  const { text, signatures } = parseNote(note);
  return formatNote({ text, signatures: [...signatures, ...rows.map(toSignature)] });
}

/** All that are kept of the checkpoints of an epoch in a stretch of sizes. */
export async function readCosignatures(
  database: Kysely<unknown>,
  ledger: string,
  { epoch, after, size }: { readonly epoch: number; readonly after: number; readonly size: number },
): Promise<ReadonlyMap<number, readonly NoteSignature[]>> {
  const { rows } = await sql<CosignatureRow & { readonly size: number }>`
    select size, name, key_id, signature from audit.cosignature
    where ledger = ${ledger} and epoch = ${epoch} and size > ${after} and size <= ${size} order by size`.execute(database);
  const bySize = new Map<number, NoteSignature[]>();
  for (const row of rows) bySize.set(row.size, [...(bySize.get(row.size) ?? []), toSignature(row)]);
  return bySize;
}

/** Keeps cosignatures that were verified, and says when with them the quorum is met. */
export async function storeCosignature(
  database: Kysely<unknown>,
  ledger: string,
  at: { readonly epoch: number; readonly size: number },
  { name, keyId, signature }: NoteSignature,
): Promise<void> {
  await sql`
    insert into audit.cosignature (ledger, epoch, size, name, key_id, signature)
    values (${ledger}, ${at.epoch}, ${at.size}, ${name}, ${keyId}, ${Buffer.from(signature)}) on conflict do nothing`.execute(database);
}

/** The quorum is met for this checkpoint. */
export async function markWitnessed(
  database: Kysely<unknown>,
  ledger: string,
  { epoch, size }: { readonly epoch: number; readonly size: number },
): Promise<void> {
  await sql`
    update audit.tree_checkpoint set witnessed = true
    where ledger = ${ledger} and epoch = ${epoch} and size = ${size} and not witnessed`.execute(database);
}

const toSignature = ({ name, key_id: keyId, signature }: CosignatureRow): NoteSignature => ({ name, keyId, signature });
