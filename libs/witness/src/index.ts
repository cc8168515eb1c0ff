export { startWitnessServer, type RunningWitness, type WitnessServerOptions } from "./witness-server.ts";
export { keepWitnessKey } from "./witness-key.ts";
