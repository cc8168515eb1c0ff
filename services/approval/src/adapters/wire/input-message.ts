import type { ActionInput as InputMessage } from "@countersign/proto/v1/action_pb";
import type { Principal } from "../../domain/principal.ts";
import type { ActionInput } from "../../usecases/ports.ts";

/** The input with nothing left out: no subject means the caller itself. Undefined when a required part is missing. */
export function fromInputMessage(message: InputMessage, caller: Principal): ActionInput | undefined {
  const { subject, action, resource, context = {} } = message;
  if (action === undefined || action.name === "" || resource === undefined || resource.type === "" || resource.id === "") return undefined;
  const itself = subject === undefined || (subject.type === "" && subject.id === "");
  return {
    subject: {
      type: itself ? caller.type : subject.type,
      id: itself ? caller.id : subject.id,
      properties: subject?.properties ?? {},
    },
    action: { name: action.name, properties: action.properties ?? {} },
    resource: { type: resource.type, id: resource.id, properties: resource.properties ?? {} },
    context,
  };
}
