import { CommandError, type CommandBus } from "@countersign/bus";

/** A service that can be made to answer nobody any more. */
export function silenceable(service: string): { readonly stand: (commands: CommandBus) => CommandBus; readonly silence: () => void } {
  let silent = false;
  return {
    stand: (commands) => ({
      ...commands,
      serve: (name, handlers) => commands.serve(name, handlers),
      send: async (to, ...rest) => {
        if (silent && to === service) throw new CommandError("UNAVAILABLE", "NO_HANDLER", `${service} is silent`);
        return commands.send(to, ...rest);
      },
    }),
    silence: () => {
      silent = true;
    },
  };
}
