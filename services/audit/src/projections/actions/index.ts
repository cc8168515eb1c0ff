import type { RecordedEvent } from "@countersign/event-log";
import type { Projection } from "../projection.ts";
import type { ActionFact } from "./fact.ts";
import { projectActions } from "./project.ts";
import { ACTION_INDEXES, createActionTable } from "./table.ts";

/** Every action with its present status: what lists show. `toFact` throws on an event that it does not know. */
export function actionsProjection(toFact: (event: RecordedEvent) => ActionFact): Projection {
  return {
    name: "audit.actions",
    table: "action",
    createTable: createActionTable,
    indexes: ACTION_INDEXES,
    key: ["tenant", "action_id"],
    project: (events, database, table) => projectActions(toFact, events, database, table),
  };
}
