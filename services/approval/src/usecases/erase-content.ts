import { textContent, toHex } from "./content.ts";
import { handle, type Handled } from "./handle.ts";
import type { ActionRef, Caller, Deps, NamedContent } from "./ports.ts";
import { principalsOf } from "./who-speaks.ts";

export type Erase = { readonly ref: ActionRef; readonly reason: string; readonly force: boolean; readonly dryRun: boolean };

export type Erased =
  /** `position` of the event; undefined in a dry run, and when there was nothing to erase. */
  | { readonly outcome: "erased"; readonly contents: readonly NamedContent[]; readonly position: number | undefined }
  | Extract<Handled, { outcome: "refused" | "lost_race" }>;

/** Erases all that people typed and agents sent in an action. A dry run is refused where the real one would be. */
export async function eraseContent(deps: Deps, { principal: caller, traceparent }: Caller, erase: Erase): Promise<Erased> {
  const { ref, reason, force, dryRun } = erase;
  const content = textContent(reason);
  if (content === undefined) throw new Error("an erasure needs a reason");
  let contents: readonly NamedContent[] = [];
  const store = dryRun ? { ...deps.store, commit: neverCommit } : deps.store;
  const start = { view: await deps.store.refresh(ref), certain: true };
  const handled = await handle(store, start, { actor: caller, traceparent }, async () => {
    // Read after the state that is decided on: whatever came in between makes the append lose, and this is read again.
    contents = await deps.store.erasable(ref);
    const erased = contents.map(({ digest }) => digest);
    const at = deps.clock().getTime();
    const aliases = await principalsOf(deps, caller, at);
    if (aliases === undefined) return { refusal: "DIRECTORY_UNREACHABLE" };
    return {
      command: { type: "EraseContent", at, caller, aliases, digests: erased, reason: toHex(content.digest), force },
      contents: [content],
      erased,
    };
  });
  switch (handled.outcome) {
    case "done":
      return { outcome: "erased", contents, position: dryRun ? undefined : handled.lastPosition };
    case "unchanged":
      return { outcome: "erased", contents, position: undefined };
    case "refused":
    case "lost_race":
      return handled;
    case "replayed":
    case "key_reused":
      throw new Error(`an erasure without a key was answered ${handled.outcome}`);
    default:
      return handled satisfies never;
  }
}

const neverCommit: Deps["store"]["commit"] = async (view) => ({ outcome: "appended", view, lastPosition: -1 });
