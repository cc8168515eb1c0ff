import { expect } from "vitest";
import type { ActionCommand } from "../domain/commands.ts";
import { actionDecider } from "../domain/decider.ts";
import type { ActionEvent } from "../domain/events.ts";
import { isRejection, type RejectionCode } from "../domain/rejection.ts";
import type { ActionState } from "../domain/state.ts";

/** What a history adds up to. */
export function stateAfter(history: readonly ActionEvent[]): ActionState {
  return history.reduce(actionDecider.evolve, actionDecider.initialState);
}

/** Given what happened, when this is commanded: what then? Whole events are compared. */
export function given(...history: readonly ActionEvent[]) {
  return {
    when(command: ActionCommand) {
      const decision = actionDecider.decide(command, stateAfter(history));
      return {
        then: (...events: readonly ActionEvent[]): void => expect(decision).toEqual(events),
        /** The same history afterwards, for a next command. */
        events: (): readonly ActionEvent[] => {
          if (isRejection(decision)) throw new Error(`refused: ${decision.code}`);
          return [...history, ...decision];
        },
        thenRefused: (code: RejectionCode): void => expect(isRejection(decision) ? decision.code : decision).toBe(code),
        /** Refused since nobody knows whoever is this to the request. */
        thenNames: (...parts: readonly string[]): void =>
          expect("code" in decision && decision.code === "CAUSER_UNKNOWN" ? decision.causers.map(({ part }) => part) : decision).toEqual(
            parts,
          ),
        thenNothing: (): void => expect(decision).toEqual([]),
      };
    },
  };
}
