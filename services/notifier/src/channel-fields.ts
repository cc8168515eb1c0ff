import { z } from "zod";
import { NOTIFIED_EVENTS } from "./domain/notified-event.ts";

export const name = z.string().regex(/^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$/, "must be 1 to 64 lower-case letters, digits and hyphens");
export const secret = z.string().min(8, "has less than 8 characters").max(2048);

/** What every channel has. */
export const common = {
  /** Unique; delivery state belongs to it. */
  name,
  /** Tenants that the channel may hear of, or `all`. There is no default: a channel must not hear of a tenant by accident. */
  tenants: z.union([z.literal("all"), z.array(z.string().min(1)).min(1)]),
};

/** Reviews that ask one of these groups are shown there. */
export const groups = z.union([z.literal("all"), z.array(z.string().min(1)).min(1)]).default("all");

export const eventsOf = (usual: readonly (typeof NOTIFIED_EVENTS)[number][]) =>
  z
    .array(z.enum(NOTIFIED_EVENTS))
    .min(1)
    .default([...usual]);
