import { CommandError } from "@countersign/bus";
import type { ActionInput } from "@countersign/proto/v1/action_pb";
import { PrincipalType, type Principal as PrincipalMessage } from "@countersign/proto/v1/principal_pb";
import type { EvaluationInput, Principal, PrincipalRef } from "../domain/input.ts";

const ACTION_NAME = /^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/;

const TYPES: ReadonlyMap<number, Principal["type"]> = new Map([
  [PrincipalType.HUMAN, "human"],
  [PrincipalType.AGENT, "agent"],
  [PrincipalType.SERVICE, "service"],
]);

type Violation = { readonly field: string; readonly description: string };

/**
 * What is to be judged. An absent subject is the requester itself.
 * @throws CommandError when something a verdict depends on is missing: it must not count as "does not match".
 */
export function toEvaluationInput(
  requester: PrincipalMessage | undefined,
  input: ActionInput | undefined,
  timeMs: number,
): EvaluationInput {
  const principal = requester && toPrincipal(requester);
  const name = input?.action?.name ?? "";
  const resource = input?.resource;
  const violations: Violation[] = [];
  if (principal === undefined) violations.push({ field: "requester", description: "must be a principal of a known type" });
  if (!ACTION_NAME.test(name))
    violations.push({ field: "input.action.name", description: "must be a dotted lower-case name such as db.export" });
  if (!resource?.type) violations.push({ field: "input.resource.type", description: "must not be empty" });
  if (!resource?.id) violations.push({ field: "input.resource.id", description: "must not be empty" });
  if (principal === undefined || !resource || violations.length > 0) throw invalid(violations);
  return {
    principal,
    subject: {
      type: input?.subject?.type || principal.type,
      id: input?.subject?.id || principal.id,
      properties: input?.subject?.properties ?? {},
    },
    action: { name, properties: input?.action?.properties ?? {} },
    resource: { type: resource.type, id: resource.id, properties: resource.properties ?? {} },
    context: input?.context ?? {},
    timeMs,
  };
}

export function invalid(violations: readonly Violation[], message = "the request is not valid"): CommandError {
  return new CommandError("INVALID_ARGUMENT", "FIELD_VIOLATION", message, { violations });
}

export function toPrincipalRef(ref: PrincipalRef): PrincipalRef {
  return { issuer: ref.issuer, id: ref.id };
}

function toPrincipal(message: PrincipalMessage): Principal | undefined {
  const { tenant, issuer, id, groups, roles, chain, owner } = message;
  const type = TYPES.get(message.type);
  if (type === undefined) return undefined;
  return { tenant, type, issuer, id, groups, roles, chain: chain.map(toPrincipalRef), owner: owner && toPrincipalRef(owner) };
}
