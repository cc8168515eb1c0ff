import { CommandError, type StreamHandler } from "@countersign/bus";

/** So many for each tenant on this instance: every one keeps pages of the log in memory for as long as it takes. One more is refused with OVERLOADED. */
export function fewAtOnce(most: number, handler: StreamHandler): StreamHandler {
  const running = new Map<string, number>();
  return async function* (command, signal) {
    const tenant = command.caller?.tenant ?? "";
    const others = running.get(tenant) ?? 0;
    if (others >= most) throw tooMany(most);
    running.set(tenant, others + 1);
    try {
      yield* handler(command, signal);
    } finally {
      const left = (running.get(tenant) ?? 1) - 1;
      if (left > 0) running.set(tenant, left);
      else running.delete(tenant);
    }
  };
}

function tooMany(most: number): CommandError {
  return new CommandError("RESOURCE_EXHAUSTED", "OVERLOADED", `This already runs ${most} times for your tenant; wait for one to end.`);
}
