import type { parse } from "@bufbuild/cel";

export type Expr = ReturnType<typeof parse>["expr"];

/** A part of an expression. */
export type Child = {
  readonly expr: Expr;
  /** Names that a loop binds in it. */
  readonly binds: readonly string[];
  /** It runs once per element. */
  readonly looped: boolean;
};

/** The direct parts of an expression. */
export function childrenOf({ exprKind }: Expr): readonly Child[] {
  switch (exprKind.case) {
    case "selectExpr":
      return plain(exprKind.value.operand);
    case "callExpr":
      return plain(exprKind.value.target, ...exprKind.value.args);
    case "listExpr":
      return plain(...exprKind.value.elements);
    case "structExpr":
      return plain(
        ...exprKind.value.entries.flatMap((entry) => [entry.keyKind.case === "mapKey" ? entry.keyKind.value : undefined, entry.value]),
      );
    case "comprehensionExpr": {
      const loop = exprKind.value;
      const inside = [loop.iterVar, loop.iterVar2, loop.accuVar].filter((name) => name !== "");
      return [
        ...plain(loop.iterRange, loop.accuInit),
        ...[loop.loopCondition, loop.loopStep].flatMap((expr) => (expr ? [{ expr, binds: inside, looped: true }] : [])),
        ...(loop.result ? [{ expr: loop.result, binds: [loop.accuVar], looped: false }] : []),
      ];
    }
    default:
      return [];
  }
}

function plain(...exprs: readonly (Expr | undefined)[]): readonly Child[] {
  return exprs.flatMap((expr) => (expr ? [{ expr, binds: [], looped: false }] : []));
}
