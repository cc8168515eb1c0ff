import type { JsonObject } from "@countersign/digest";
import type { Command } from "commander";
import { collectMember, parseObject, parseResource } from "./parse.ts";

/** What an action is, as options say it. */
export type InputOptions = {
  readonly resource: { readonly type: string; readonly id: string };
  readonly subject?: { readonly type: string; readonly id: string };
  readonly param: JsonObject;
  readonly params?: JsonObject;
  readonly context: JsonObject;
};

/** The options that say what an action is. */
export function inputOptions(command: Command): Command {
  return command
    .requiredOption("--resource <type:id>", "what it runs on", parseResource)
    .option("--subject <type:id>", "on whose behalf; default: who asks", parseResource)
    .option("--param <name=value>", "a parameter; repeat for more; JSON values are taken as such", collectMember, {})
    .option("--params <json>", "all parameters as a JSON object, or @file", parseObject)
    .option("--context <name=value>", "a member of the context, for example environment=production", collectMember, {});
}

/** Without a subject whoever asks is meant. */
export function toInput(name: string, options: InputOptions) {
  return {
    ...(options.subject === undefined ? {} : { subject: options.subject }),
    action: { name, properties: { ...options.params, ...options.param } },
    resource: options.resource,
    context: options.context,
  };
}
