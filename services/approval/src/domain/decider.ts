import type { ActionCommand } from "./commands.ts";
import { decide } from "./decide.ts";
import type { ActionEvent } from "./events.ts";
import { evolve } from "./evolve.ts";
import type { Decision } from "./rejection.ts";
import { type ActionState, initialState } from "./state.ts";

export const actionDecider: {
  readonly decide: (command: ActionCommand, state: ActionState) => Decision;
  readonly evolve: (state: ActionState, event: ActionEvent) => ActionState;
  readonly initialState: ActionState;
} = { decide, evolve, initialState };
