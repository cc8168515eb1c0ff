import { DEVELOPMENT_PRINCIPALS } from "@countersign/identity";
import { DEFAULT_DATA_DIR } from "./settings.ts";
import type { Standalone } from "./standalone.ts";

/** How a newcomer calls the command line client. */
const CLI = "npm run countersign --";

/** What it says of what runs. */
type Told = Pick<Standalone, "address" | "tiles" | "telemetry" | "databaseUrl" | "natsUrl">;

/** The same, for data that is not where the client looks by itself. */
export function cliFor(dataDir: string): string {
  return dataDir === DEFAULT_DATA_DIR ? CLI : `${CLI} --data-dir ${dataDir}`;
}

/** What a newcomer needs to know after `npm start`. */
export function welcome(standalone: Told, dataDir: string): string {
  const cli = cliFor(dataDir);
  const telemetry = standalone.telemetry === undefined ? "" : `  metrics     http://${standalone.telemetry}/metrics (and /readyz)\n`;
  const cast = Object.entries(DEVELOPMENT_PRINCIPALS).map(([name, principal]) => {
    const groups = "groups" in principal ? `, in ${principal.groups.join(", ")}` : "";
    return `  ${name.padEnd(19)}${principal.type}, ${principal.roles.join(" and ")}${groups}`;
  });
  return `
Countersign is ready.

  gRPC        ${standalone.address} (no TLS, reflection on)
  log         http://${standalone.tiles}/checkpoint (checkpoints, hash tiles, keys)
  PostgreSQL  ${withoutPassword(standalone.databaseUrl)}
  NATS        ${standalone.natsUrl.split(",").map(withoutPassword).join(",")}
${telemetry}  data        ${dataDir}/

Development principals of tenant acme; \`${cli} token NAME\` prints a token, --as NAME uses it:

${cast.join("\n")}

Try this in a second terminal:

  ${cli} request db.export --resource database:crm --param table=customers --context environment=production --as crm-agent
  ${cli} review list --as data-owner

Ctrl-C stops everything; the data stays.
`;
}

function withoutPassword(server: string): string {
  const url = new URL(server);
  if (url.password !== "") url.password = "***";
  return url.href;
}
