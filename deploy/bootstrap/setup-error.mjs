/** Something on this machine is missing or broken; the message says what to do. Shown without a stack. */
export class SetupError extends Error {
  /** @override */
  name = "SetupError";
}
