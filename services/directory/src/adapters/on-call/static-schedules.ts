import { onCallAt, type Schedule } from "../../domain/rotation.ts";
import type { OnCallSource } from "../../usecases/ports.ts";

/** Schedules that stand in the settings. */
export function staticSchedules(schedules: ReadonlyMap<string, Schedule>): OnCallSource {
  return {
    at: async (atMs) => ({
      shifts: new Map(
        [...schedules].map(([name, schedule]) => [name, onCallAt(schedule, atMs).map((userName) => ({ userName }))] as const),
      ),
      unknown: [],
    }),
  };
}
