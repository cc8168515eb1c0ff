// The client of one contender, a child of the bench: opens it when it is told which, then runs each turn that it is told.
import { closedLoop } from "../closed-loop.ts";
import { openContender, type OpenContender } from "./contender.ts";
import type { Answer, Order } from "./driver-process.ts";

let contender: OpenContender | undefined;

async function obey(order: Order): Promise<Answer> {
  if (order.do === "open") contender = await openContender(order.contender, order.place);
  if (order.do === "close") await contender?.close();
  if (order.do !== "run") return {};
  if (contender === undefined) throw new Error("nothing was opened");
  const { perSecond, p50 } = await closedLoop(contender.workloads[order.workload], order.inFlight, order.seconds);
  return { result: { perSecond, p50 } };
}

process.on("message", (order: Order) => {
  void obey(order)
    .catch((error: unknown): Answer => ({ failed: error instanceof Error ? (error.stack ?? error.message) : String(error) }))
    .then((answer) => process.send?.(answer));
});
process.on("disconnect", () => process.exit(0));
