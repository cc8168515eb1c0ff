import type { Directories } from "../../usecases/directories.ts";
import type { DirectoryStore } from "../../usecases/ports.ts";
import type { ManagedTenant } from "../../usecases/who-is.ts";

/** What the handlers of commands stand on. */
export type HandlerDeps = {
  readonly directories: Directories;
  readonly store: DirectoryStore;
  readonly tenants: ReadonlyMap<string, ManagedTenant>;
  readonly clock: () => Date;
  /** UUIDv7. */
  readonly newId: () => string;
  /** A code for a human to carry, that nobody guesses. */
  readonly newCode: () => string;
};
