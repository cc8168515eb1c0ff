import type { Decided } from "../../domain/decided.ts";
import type { Directory } from "../../domain/directory.ts";
import type { Json } from "./values.ts";

/** A request of a tenant's identity provider, after its token was checked. */
export type ScimRequest = {
  readonly method: string;
  /** After the base: `["Users", id]`. */
  readonly path: readonly string[];
  readonly query: URLSearchParams;
  /** Undefined: none. */
  readonly body: Json | undefined;
};

export type ScimReply = { readonly status: number; readonly body?: object; readonly location?: string };

/** The tenant's directory, as whoever holds its token may use it. */
export type ScimDirectory = {
  readonly baseUrl: string;
  readonly current: () => Promise<Directory>;
  /** @throws ScimError when refused */
  readonly change: (decide: (directory: Directory) => Decided) => Promise<Directory>;
  readonly newId: () => string;
};
