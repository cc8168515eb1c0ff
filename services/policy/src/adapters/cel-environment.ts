import { celEnv, CelScalar, mapType, objectType } from "@bufbuild/cel";
import { RE2JS } from "@bufbuild/re2";
import { TimestampSchema } from "@bufbuild/protobuf/wkt";
import { LRUCache } from "lru-cache";
import { CEL_FUNCTIONS } from "./cel-functions.ts";

const VALUES = mapType(CelScalar.STRING, CelScalar.DYN);

const patterns = new LRUCache<string, RE2JS>({ max: 1000 });

/** Everything a condition may name. */
export const CEL_VARIABLES = {
  principal: VALUES,
  subject: VALUES,
  action: VALUES,
  resource: VALUES,
  context: VALUES,
  now: objectType(TimestampSchema),
} as const;

/** The CEL standard library and our variables. Regular expressions are RE2 (linear time); compiled ones are kept. */
export const celEnvironment = celEnv({ variables: CEL_VARIABLES, funcs: CEL_FUNCTIONS, re2: { compile: compilePattern } });

/** @throws when it is no RE2 pattern. */
export function compilePattern(pattern: string): RE2JS {
  const known = patterns.get(pattern);
  if (known !== undefined) return known;
  const compiled = RE2JS.compile(pattern);
  patterns.set(pattern, compiled);
  return compiled;
}
