import type { PrincipalType } from "./document.ts";

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };
export type JsonObject = { readonly [key: string]: JsonValue };

export type PrincipalRef = { readonly issuer: string; readonly id: string };

/** Who asks, as the verified token said. */
export type Principal = PrincipalRef & {
  readonly tenant: string;
  readonly type: PrincipalType;
  readonly groups: readonly string[];
  readonly roles: readonly string[];
  readonly chain: readonly PrincipalRef[];
  readonly owner?: PrincipalRef | undefined;
};

/** All that a verdict depends on, beside the policy itself. */
export type EvaluationInput = {
  readonly principal: Principal;
  readonly subject: { readonly type: string; readonly id: string; readonly properties: JsonObject };
  readonly action: { readonly name: string; readonly properties: JsonObject };
  readonly resource: { readonly type: string; readonly id: string; readonly properties: JsonObject };
  readonly context: JsonObject;
  /** When it was asked, in milliseconds since 1970. */
  readonly timeMs: number;
};
