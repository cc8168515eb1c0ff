import { readFileSync } from "node:fs";

/** Vectors of other implementations. */
export function readTestdata(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`../../testdata/${name}`, import.meta.url), "utf8"));
}

export type Notes = {
  readonly c2sp: { readonly vkey: string; readonly note: string };
  readonly golang: {
    readonly text: string;
    readonly peter: { readonly vkey: string; readonly skey: string; readonly line: string };
    readonly enoch: { readonly vkey: string; readonly line: string };
    readonly badVkeys: readonly string[];
  };
  readonly formats: {
    readonly vkeys: readonly string[];
    readonly badVkeys: readonly string[];
    readonly cosignature: string;
    readonly cosignatureTime: number;
  };
  readonly witness: {
    readonly log: KeyTexts;
    readonly otherLog: KeyTexts;
    readonly witness: KeyTexts;
    readonly first: string;
    readonly next: string;
    readonly proof: readonly string[];
  };
  readonly public: { readonly log: string; readonly witness: string; readonly checkpoint: string };
};

type KeyTexts = { readonly vkey: string; readonly skey: string };

export type LogFiles = {
  readonly vkey: string;
  readonly checkpoints: readonly string[];
  readonly tiles: Readonly<Record<string, string>>;
  readonly bundles: Readonly<Record<string, string>>;
};
