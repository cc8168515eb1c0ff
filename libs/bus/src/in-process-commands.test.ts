import { commandBusContract } from "./commands.contract.ts";
import { inProcessCommands } from "./in-process-commands.ts";

commandBusContract("in one process", async (logger) => {
  const bus = inProcessCommands({ logger });
  return { sender: bus, servers: [bus, bus], close: async () => {} };
});
