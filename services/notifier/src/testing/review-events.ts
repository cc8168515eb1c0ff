import type { NotifiedEvent } from "../domain/notified-event.ts";
import type { LoggedEvent } from "../domain/plan-deliveries.ts";

export const eventIdOf = (number: number): string => `0198c5f0-0000-7000-8000-${String(number).padStart(12, "0")}`;

/** Two events of each of `count` reviews. */
export function reviewEvents(count: number): LoggedEvent[] {
  const types: readonly NotifiedEvent[] = ["ReviewOpened", "ActionApproved"];
  return Array.from({ length: count }, (_, action) =>
    types.map((type, index) => ({
      tenant: "acme",
      streamType: "action",
      actionId: `action-${action}`,
      eventId: eventIdOf(action * 2 + index),
      type,
      position: index * count + action,
      streamVersion: index === 0 ? 3 : 5,
      time: new Date("2026-01-01T00:00:00Z"),
      traceparent: "",
    })),
  )
    .flat()
    .toSorted((one, other) => one.position - other.position);
}
