import type { OpenRequests } from "../usecases/ports.ts";

/** For tests without a database; several instances may share one. */
export function memoryOpenRequests(): OpenRequests {
  const holders = new Map<string, string>();
  return {
    hold: async ({ tenant, fingerprint }, id, instead) => {
      const key = `${tenant} ${fingerprint}`;
      const known = holders.get(key);
      const holder = known === undefined || known === instead ? id : known;
      holders.set(key, holder);
      return holder;
    },
    release: async ({ tenant, id }) => {
      for (const [key, holder] of holders) if (holder === id && key.startsWith(`${tenant} `)) holders.delete(key);
    },
  };
}
