/** Reads one ahead of whoever takes, and no more: Postgres works on the next piece while the last one is worked on here. */
export async function* oneAhead<Piece>(source: AsyncGenerator<Piece>): AsyncGenerator<Piece> {
  let next = source.next();
  try {
    for (;;) {
      const taken = await next;
      if (taken.done === true) return;
      next = source.next();
      // Who stops here never learns how the one under way went.
      next.catch(() => {});
      yield taken.value;
    }
  } finally {
    await source.return(undefined);
  }
}
