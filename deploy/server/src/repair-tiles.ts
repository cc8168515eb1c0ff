import { parseArgs } from "node:util";
import { readAuditConfig, repairLedgerTiles, RepairRefusedError } from "@countersign/audit";
import { isSelfExplaining, readAppendKeys } from "@countersign/runtime";

const USAGE = `Computes tiles of hashes that were damaged or lost again from the entries, and records it in the log.

  COUNTERSIGN_DATABASE_URL=... node deploy/server/src/repair-tiles.ts --by NAME [--ledger main]

As the schemas' owner, with the settings of sealing and the append keys that the audit service has: the result must lead to the newest signed checkpoint of the database, and to the one
in COUNTERSIGN_ANCHOR_DIR. If it does not, the entries are wrong and nothing is changed. Sealing waits meanwhile.
`;

async function main(): Promise<number> {
  const { by, ledger } = parseArgs({ options: { by: { type: "string" }, ledger: { type: "string", default: "main" } } }).values;
  const url = process.env["COUNTERSIGN_DATABASE_URL"];
  const { sealing } = readAuditConfig(process.env);
  if (by === undefined || by === "" || url === undefined || sealing === undefined) {
    process.stderr.write(USAGE);
    return 2;
  }
  const { epoch, checkpointSize, tiles } = await repairLedgerTiles({
    url,
    ledger,
    sealing,
    appendKeys: readAppendKeys(process.env),
    by,
    time: new Date(),
  });
  for (const { level, index, oldSha256, newSha256 } of tiles)
    process.stdout.write(`tile ${level}/${index}: ${hex(oldSha256)} is now ${hex(newSha256)}\n`);
  process.stdout.write(
    `${tiles.length} tiles of epoch ${epoch} were repaired; all lead to the checkpoint of ${checkpointSize} events. Run fsck.\n`,
  );
  return 0;
}

const hex = (bytes: Uint8Array): string => (bytes.length === 0 ? "none" : Buffer.from(bytes).toString("hex"));

try {
  process.exitCode = await main();
} catch (error) {
  const explained = error instanceof RepairRefusedError || isSelfExplaining(error);
  process.stderr.write(`${error instanceof Error ? (explained ? error.message : (error.stack ?? error.message)) : String(error)}\n`);
  process.exitCode = 1;
}
