import { encodePart } from "@countersign/events";
import { ActionInputSchema } from "@countersign/proto/v1/action_pb";
import type { ActionInput } from "../../usecases/ports.ts";
import { oncePer } from "./once-per.ts";

/** One input goes into the question to policy and into every reply. */
export const encodedInput = oncePer((input: ActionInput) => encodePart(ActionInputSchema, input));
