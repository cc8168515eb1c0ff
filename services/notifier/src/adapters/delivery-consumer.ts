import { startConsumer, type ConsumerDeps, type RunningConsumer } from "@countersign/bus";
import type { RecordedEvent } from "@countersign/event-log";
import { requireKnown } from "@countersign/events";
import type { Channel } from "../usecases/channel.ts";
import { planDeliveries, type LoggedEvent } from "../domain/plan-deliveries.ts";
import { storePlan } from "./postgres/plan-store.ts";

/** Turns events into deliveries, in the transaction that also moves the checkpoint. `onPlanned` is called once they can be leased. */
export async function startDeliveryConsumer<Tables>(
  deps: ConsumerDeps<Tables>,
  channels: readonly Channel[],
  onPlanned: () => void,
): Promise<RunningConsumer> {
  const types = new Set<string>(["ReviewOpened", ...channels.flatMap((channel) => channel.events)]);
  const started = Promise.withResolvers<RunningConsumer>();
  const consumer = await startConsumer(
    {
      name: "notifier.deliveries",
      types: [...types],
      refuseUnknown: (event) => {
        if (event.stream.type === "action") requireKnown(event);
      },
      handle: async (events, transaction) => {
        const plan = planDeliveries(events.map(toLoggedEvent), channels);
        await storePlan(transaction, deps.log.ledger, plan);
        const last = plan.deliveries.at(-1);
        if (last !== undefined) void callWhenReached(started.promise, last.position + 1, onPlanned);
      },
    },
    deps,
  );
  started.resolve(consumer);
  return consumer;
}

/** Once the transaction has committed; never, if the consumer closes before. */
async function callWhenReached(started: Promise<RunningConsumer>, position: number, call: () => void): Promise<void> {
  const consumer = await started;
  await consumer.reached(position).then(call, () => {});
}

function toLoggedEvent(event: RecordedEvent): LoggedEvent {
  return {
    tenant: event.stream.tenant,
    streamType: event.stream.type,
    actionId: event.stream.id,
    eventId: uuidText(event.eventId),
    type: event.type,
    position: event.position,
    streamVersion: event.streamVersion,
    time: event.time,
    traceparent: event.traceparent,
  };
}

function uuidText(bytes: Uint8Array): string {
  return Buffer.from(bytes)
    .toString("hex")
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
