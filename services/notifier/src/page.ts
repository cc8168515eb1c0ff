import type { CommandBus } from "@countersign/bus";
import type { Database } from "@countersign/database";
import type { DirectoryClient } from "@countersign/directory-client";
import type { Logger } from "@countersign/telemetry";
import { personReader } from "./adapters/approval/person-reader.ts";
import { voteFromPage } from "./adapters/approval/vote-sender.ts";
import { cardSeal } from "./adapters/card-seal.ts";
import type { Route } from "./adapters/http/listener.ts";
import { browserState } from "./adapters/page/browser-state.ts";
import { pageRoutes } from "./adapters/page/page-routes.ts";
import type { ReviewLinks } from "./adapters/page/review-links.ts";
import { signIn } from "./adapters/page/sign-in.ts";
import { postgresPageSessions } from "./adapters/postgres/page-sessions.ts";
import type { NotifierConfig } from "./config.ts";

export type PageAppDeps = {
  readonly commands: CommandBus;
  readonly database: Database;
  readonly directory: DirectoryClient;
  readonly links: ReviewLinks;
  readonly clock: () => Date;
  readonly logger: Logger;
};

/** The page where people open a review, sign in and decide. */
export function pageApp(config: NonNullable<NotifierConfig["page"]>, deps: PageAppDeps): ReadonlyMap<string, Route> {
  const { commands, clock } = deps;
  return pageRoutes({
    ...deps,
    base: config.url,
    signIn: signIn(config.sign_in, config.issuers, config.url, clock),
    sessions: postgresPageSessions(deps.database.kysely<unknown>()),
    state: browserState(config.secret, clock),
    seal: cardSeal(config.secret),
    read: personReader(commands),
    vote: voteFromPage(commands),
  });
}
