import type { RecordedEvent } from "@countersign/event-log";
import type { Projection } from "../projection.ts";
import type { ActionFact } from "./fact.ts";
import { projectActions } from "./project.ts";
import { createActionTable } from "./table.ts";

/** Every action with its present status: what lists show. `toFact` throws on an event that it does not know. */
export function actionsProjection(toFact: (event: RecordedEvent) => ActionFact): Projection {
  return {
    name: "audit.actions",
    view: "action",
    createTable: createActionTable,
    key: ["tenant", "action_id"],
    project: (events, database, table, onChange) => projectActions(toFact, events, database, table, onChange),
  };
}
