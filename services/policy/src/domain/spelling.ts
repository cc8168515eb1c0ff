/**
 * A name as somebody may read it who is not strict about names: in one case, width and composition, without what is not seen. Two names that are one thing to such a
 * program must not be two to a rule that forbids.
 */
export function looselySpelt(name: string): string {
  return name
    .normalize("NFKC")
    .replaceAll(/\p{Default_Ignorable_Code_Point}/gu, "")
    .trim()
    .toUpperCase()
    .toLowerCase();
}
