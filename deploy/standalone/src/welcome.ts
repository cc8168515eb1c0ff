import { DEVELOPMENT_PRINCIPALS } from "@countersign/identity";
import type { Standalone } from "./standalone.ts";

/** How a newcomer calls the command line client. */
export const CLI = "npm run countersign --";

/** What a newcomer needs to know after `npm start`. */
export function welcome(standalone: Standalone, dataDir: string): string {
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
  data        ${dataDir}/

Development principals of tenant acme; \`${CLI} token NAME\` prints a token, --as NAME uses it:

${cast.join("\n")}

Try this in a second terminal:

  ${CLI} request db.export --resource database:crm --param table=customers --context environment=production --as crm-agent
  ${CLI} review list --as data-owner

Ctrl-C stops everything; the data stays.
`;
}

function withoutPassword(server: string): string {
  const url = new URL(server);
  if (url.password !== "") url.password = "***";
  return url.href;
}
