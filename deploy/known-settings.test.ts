import { globSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const named = (pattern: string): ReadonlySet<string> =>
  new Set(globSync(pattern).flatMap((file) => readFileSync(file, "utf8").match(/\bCOUNTERSIGN_[A-Z_]+[A-Z]\b/g) ?? []));

test.each(["deploy/compose/*.{yaml,sh,conf}", "deploy/helm/**/*.{yaml,tpl}", "deploy/image/*"])(
  "every setting in %s is one that a service reads",
  (pattern) => {
    const known = named("{libs,services}/*/src/**/*.ts");
    expect([...named(pattern)].filter((name) => !known.has(name))).toEqual([]);
  },
);
