import { canonicalJson, type JsonObject } from "./canonical-json.ts";
import { contentDigest } from "./content.ts";

/** What an action digest covers: the AuthZEN information model, as the service returns it with the action. */
export type DigestInput = {
  readonly tenant: string;
  readonly subject: { readonly type: string; readonly id: string; readonly properties?: JsonObject | undefined };
  readonly action: { readonly name: string; readonly properties?: JsonObject | undefined };
  readonly resource: { readonly type: string; readonly id: string; readonly properties?: JsonObject | undefined };
  readonly context?: JsonObject | undefined;
};

/**
 * The action digest: SHA-256(salt || RFC 8785 JSON of {tenant, subject, action, resource, context}), 32 bytes, where `context` holds
 * only the members that policy names as binding. Absent properties count as `{}`; an absent binding member stays absent.
 * Whoever runs an action computes this over what it is about to run and redeems the grant with it.
 */
export function actionDigest(salt: Uint8Array, input: DigestInput, bindingContext: readonly string[]): Buffer {
  const { context = {} } = input;
  // Own members only, and defined rather than assigned: a context may name one `constructor` or `__proto__`.
  const bound: JsonObject = Object.fromEntries(Object.entries(context).filter(([name]) => bindingContext.includes(name)));
  const text = canonicalJson({
    tenant: input.tenant,
    subject: { type: input.subject.type, id: input.subject.id, properties: input.subject.properties ?? {} },
    action: { name: input.action.name, properties: input.action.properties ?? {} },
    resource: { type: input.resource.type, id: input.resource.id, properties: input.resource.properties ?? {} },
    context: bound,
  });
  return contentDigest(salt, Buffer.from(text));
}
