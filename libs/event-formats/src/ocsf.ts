import { meaningOf, type Result, type Severity } from "./meaning.ts";
import { hex, member, textMember, type EventRecord, type JsonObject } from "./record.ts";

/**
 * OCSF 1.8.0, one JSON object an event. What is asked and run is API Activity (6003), a grant is User Access Management (3005), what people and operators
 * decide on is Entity Management (3004); all carry the security_control profile. OCSF has a place for integrity only from 1.9 on, so the leaf hash is in `unmapped`.
 */
export function toOcsf(record: EventRecord): JsonObject {
  const kind = classOf(record);
  const { severity, result } = meaningOf(record);
  return {
    category_uid: Math.floor(kind.classUid / 1000),
    class_uid: kind.classUid,
    activity_id: kind.activity,
    type_uid: kind.classUid * 100 + kind.activity,
    time: record.time.getTime(),
    severity_id: SEVERITIES[severity],
    message: record.summary,
    metadata: {
      version: "1.8.0",
      product: { name: "Countersign", vendor_name: "Countersign" },
      profiles: ["security_control"],
      uid: record.id,
      event_code: record.type,
      log_name: record.ledger,
      sequence: record.position,
      correlation_uid: record.stream.id,
      tenant_uid: record.tenant,
    },
    ...control(result),
    ...policyOf(record),
    ...kind.attributes,
    unmapped: {
      leaf_hash: hex(record.leafHash),
      tenant_sequence: record.tenantSequence,
      stream_type: record.stream.type,
      stream_version: record.streamVersion,
      ...(record.data === undefined ? {} : { data: record.data }),
    },
  };
}

type Kind = { readonly classUid: number; readonly activity: number; readonly attributes: JsonObject };

const API_ACTIVITY = 6003;
const USER_ACCESS = 3005;
const ENTITY_MANAGEMENT = 3004;

const OTHER = 99;
const [CREATE, UPDATE, DELETE, ACTIVATE] = [1, 3, 4, 10];
const [ASSIGN_PRIVILEGES, REVOKE_PRIVILEGES] = [1, 2];

function classOf(record: EventRecord): Kind {
  const actor = { user: user(record.actor?.id ?? "countersign", record.actor?.issuer ?? "") };
  switch (record.type) {
    case "ActionRequested":
    case "GrantRedeemed":
    case "ExecutionReported":
    case "ExecutionUnreported":
      return { classUid: API_ACTIVITY, activity: OTHER, attributes: { actor, ...apiCall(record) } };
    case "GrantIssued":
      return { classUid: USER_ACCESS, activity: ASSIGN_PRIVILEGES, attributes: { actor, ...holder(record) } };
    case "GrantRevoked":
    case "GrantExpired":
      return { classUid: USER_ACCESS, activity: REVOKE_PRIVILEGES, attributes: { actor, ...holder(record) } };
    case "PolicyPublished":
      return { classUid: ENTITY_MANAGEMENT, activity: CREATE, attributes: { actor, ...entity(record) } };
    case "PolicyActivated":
      return { classUid: ENTITY_MANAGEMENT, activity: ACTIVATE, attributes: { actor, ...entity(record) } };
    case "ContentErased":
      return { classUid: ENTITY_MANAGEMENT, activity: DELETE, attributes: { actor, ...entity(record) } };
    default:
      return { classUid: ENTITY_MANAGEMENT, activity: UPDATE, attributes: { actor, ...entity(record) } };
  }
}

/** OCSF wants to know where a call came from; the log does not keep addresses, and says so with the service's own name. */
function apiCall(record: EventRecord): JsonObject {
  const operation = textMember(record, "actionName") || record.type;
  const resource = textMember(record, "resourceId");
  return {
    api: { operation, service: { name: "countersign" } },
    src_endpoint: { svc_name: "countersign" },
    ...(resource === "" ? {} : { resources: [{ type: textMember(record, "resourceType"), uid: resource }] }),
  };
}

function holder(record: EventRecord): JsonObject {
  const { id, issuer } = { id: textMember(record, "principal", "id"), issuer: textMember(record, "principal", "issuer") };
  return { user: id === "" ? user(record.stream.id, "") : user(id, issuer), privileges: [record.stream.id] };
}

function entity(record: EventRecord): JsonObject {
  return { entity: { type: record.stream.type, uid: record.stream.id, version: String(record.streamVersion) }, comment: record.summary };
}

function user(id: string, issuer: string): JsonObject {
  return { uid: id, ...(issuer === "" ? {} : { domain: issuer }) };
}

function policyOf(record: EventRecord): JsonObject {
  const rule = textMember(record, "verdict", "rule");
  if (member(record, "verdict") === undefined) return {};
  return { policy: { name: rule === "" ? "default" : rule, version: textMember(record, "verdict", "revision") } };
}

const SEVERITIES: Readonly<Record<Severity, number>> = { informational: 1, low: 2, medium: 3, high: 4 };

const [ALLOWED, DENIED] = [1, 2];

/** action_id and disposition_id of the security_control profile. */
const DISPOSITIONS: Readonly<Record<Result, readonly [action: number, disposition: number]>> = {
  approved: [ALLOWED, 8],
  done: [ALLOWED, 1],
  failed: [ALLOWED, 99],
  waiting: [ALLOWED, 14],
  denied: [DENIED, 2],
  rejected: [DENIED, 25],
  expired: [DENIED, 99],
  cancelled: [DENIED, 99],
  revoked: [DENIED, 24],
};

function control(result: Result | undefined): JsonObject {
  if (result === undefined) return { action_id: 0 };
  const [action, disposition] = DISPOSITIONS[result];
  return { action_id: action, disposition_id: disposition, ...(disposition === OTHER ? { disposition: result } : {}) };
}
