import type { CommandBus } from "@countersign/bus";
import type { Authenticator } from "@countersign/identity";
import type { GatewayConfig } from "../config.ts";
import type { Gate } from "../load/gate.ts";
import type { Changes } from "../waiting/changes.ts";

/** What the handlers of calls stand on. */
export type HandlerDeps = {
  readonly commands: CommandBus;
  readonly authenticator: Authenticator;
  readonly gate: Gate;
  readonly changes: Changes;
  readonly config: GatewayConfig;
  readonly clock: () => Date;
  readonly random: () => number;
};
