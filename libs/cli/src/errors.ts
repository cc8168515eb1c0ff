/** The command line does not say enough, or not the right thing. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** The command did its work, and the answer is one that a script must not take for a yes: denied, flawed, different. Everything is printed already. */
export class AnswerIsNo extends Error {
  override readonly name = "AnswerIsNo";
}
