import type { Projection } from "../projection.ts";
import { projectActions } from "./project.ts";
import { ACTION_INDEXES, createActionTable } from "./table.ts";

/** Every action with its present status: what lists show. */
export const actionsProjection: Projection = {
  name: "audit.actions",
  table: "action",
  createTable: createActionTable,
  indexes: ACTION_INDEXES,
  key: ["tenant", "action_id"],
  project: projectActions,
};
