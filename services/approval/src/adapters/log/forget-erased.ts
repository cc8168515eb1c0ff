import type { EventFeed } from "@countersign/bus";
import type { CachedActionStore } from "./action-store.ts";

const FORGET_OLD_EVERY_MS = 60_000;

/** Whichever instance erased contents, none keeps them in memory: it hears of it, or else forgets what it has had for long. */
export function forgetErased(store: Pick<CachedActionStore, "forget" | "forgetOld">, feed: EventFeed): () => void {
  const unsubscribe = feed.subscribe(
    ({ type, stream: { tenant, id } }) => {
      if (type === "ContentErased") store.forget({ tenant, id });
    },
    { streamType: "action" },
  );
  const timer = setInterval(() => store.forgetOld(), FORGET_OLD_EVERY_MS).unref();
  return () => {
    clearInterval(timer);
    unsubscribe();
  };
}
