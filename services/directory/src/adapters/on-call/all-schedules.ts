import type { OnCallNow, OnCallSource } from "../../usecases/ports.ts";

/** Several keepers of schedules as one. The settings have no name twice. */
export function allSchedules(sources: readonly OnCallSource[]): OnCallSource {
  return {
    at: async (atMs): Promise<OnCallNow> => {
      const answers = await Promise.all(sources.map((source) => source.at(atMs)));
      return { shifts: new Map(answers.flatMap(({ shifts }) => [...shifts])), unknown: answers.flatMap(({ unknown }) => unknown) };
    },
  };
}
