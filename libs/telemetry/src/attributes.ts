/**
 * Names of attributes: OpenTelemetry's semantic conventions where they have one, ours otherwise. Each has few values: ids of actions, people and
 * tenants are for spans, never for metrics.
 */
export const ATTRIBUTES = {
  rpcMethod: "rpc.method",
  rpcStatus: "rpc.response.status_code",
  destination: "messaging.destination.name",
  messagingSystem: "messaging.system.name",
  messageCount: "messaging.batch.message_count",
  consumerGroup: "messaging.consumer.group.name",
  dbSystem: "db.system.name",
  poolName: "db.client.connection.pool.name",
  poolState: "db.client.connection.state",
  errorType: "error.type",
  outcome: "countersign.outcome",
  reason: "countersign.reason",
  urgency: "countersign.urgency",
  consumer: "countersign.consumer",
  channel: "countersign.channel",
  issuer: "countersign.issuer",
  check: "countersign.check",
  state: "countersign.state",
  witness: "countersign.witness",
  tenant: "countersign.tenant",
  stream: "countersign.stream.id",
} as const;
