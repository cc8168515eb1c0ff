import { create, type DescMessage, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { CommandError, type FailureCode, type FailureReason } from "@countersign/bus";
import { actionDigest } from "@countersign/digest";
import { createRpcServer, type RunningRpcServer, type StreamHandler, type UnaryHandler } from "@countersign/grpc-kit";
import type { ActionSchema, ActionStateSchema, ActionStatus } from "@countersign/proto/v1/action_pb";
import {
  ActionService,
  GetActionResponseSchema,
  RedeemGrantResponseSchema,
  RequestActionResponseSchema,
  type RequestAndWatchResponse,
  RequestAndWatchResponseSchema,
  WatchActionResponseSchema,
} from "@countersign/proto/v1/action_service_pb";
import { ReviewService } from "@countersign/proto/v1/review_service_pb";
import { silentLogger } from "@countersign/telemetry";
import { type CountersignClient, createClient } from "../client.ts";
import { isUndecided } from "../known-action.ts";
import type { ActionInput } from "../plain-input.ts";

const SALT = new Uint8Array(32).fill(7);

export const INPUT: ActionInput = {
  subject: { type: "agent", id: "a" },
  action: { name: "db.export", properties: { table: "t" } },
  resource: { type: "db", id: "crm" },
};

/** The digest of an input of tenant acme, with the salt that every reply here has. */
export const digestFor = (input: ActionInput): Buffer => actionDigest(SALT, { tenant: "acme", ...input }, []);

/** A Countersign whose answers a test plays, and a client of it. */
export class PlayedServer {
  readonly server: RunningRpcServer;
  readonly client: CountersignClient;
  token: () => string = () => "t";
  /** By method; others answer with an empty message. RequestAction's answer is also the first message of RequestAndWatch. */
  unary: Record<string, UnaryHandler> = {};
  /** Also what follows on the first message of RequestAndWatch. */
  watch: StreamHandler = async () => {};
  calls: { readonly method: string; readonly request: Uint8Array; readonly token: string }[] = [];

  private constructor(server: RunningRpcServer) {
    this.server = server;
    this.client = createClient({
      address: `127.0.0.1:${server.port}`,
      token: () => this.token(),
      retry: { attempts: 4, baseMs: 1, maxMs: 5 },
    });
  }

  static async start(): Promise<PlayedServer> {
    const rpc = createRpcServer({ logger: silentLogger, limits: { drainMs: 100 } });
    const answer =
      (method: string): UnaryHandler =>
      async (request, call) => {
        played.calls.push({ method, request, token: call.bearerToken });
        return played.unary[method]?.(request, call) ?? new Uint8Array();
      };
    rpc.add(ActionService, {
      requestAction: answer("RequestAction"),
      requestAndWatch: async (request, call, send) => {
        played.calls.push({ method: "RequestAndWatch", request, token: call.bearerToken });
        const reply = await played.unary["RequestAction"]?.(request, call);
        const asked = fromBinary(RequestActionResponseSchema, reply ?? new Uint8Array());
        await send(told({ case: "requested", value: asked }));
        if (asked.action === undefined || !isUndecided(asked.action)) return;
        await played.watch(request, call, (state) => send(told({ case: "changed", value: fromBinary(WatchActionResponseSchema, state) })));
      },
      getAction: answer("GetAction"),
      listActions: answer("ListActions"),
      acceptEdit: answer("AcceptEdit"),
      cancelAction: answer("CancelAction"),
      redeemGrant: answer("RedeemGrant"),
      reportExecution: answer("ReportExecution"),
      evaluateAction: answer("EvaluateAction"),
      getGrantKeys: answer("GetGrantKeys"),
      eraseContent: answer("EraseContent"),
      watchAction: async (request, call, send) => {
        played.calls.push({ method: "WatchAction", request, token: call.bearerToken });
        await played.watch(request, call, send);
      },
    });
    rpc.add(ReviewService, {
      listReviews: answer("ListReviews"),
      getReview: answer("GetReview"),
      submitVote: answer("SubmitVote"),
      breakGlass: answer("BreakGlass"),
      closeAfterReview: answer("CloseAfterReview"),
      addComment: answer("AddComment"),
      claimReview: answer("ClaimReview"),
      releaseReview: answer("ReleaseReview"),
    });
    const played = new PlayedServer(await rpc.listen("127.0.0.1", 0));
    return played;
  }

  methods(): readonly string[] {
    return this.calls.map(({ method }) => method);
  }

  async close(): Promise<void> {
    this.client.close();
    await this.server.close();
  }
}

function told(what: RequestAndWatchResponse["told"]): Uint8Array {
  return toBinary(RequestAndWatchResponseSchema, create(RequestAndWatchResponseSchema, { told: what }));
}

type Init<Schema extends DescMessage> = Exclude<MessageInitShape<Schema>, { $typeName: string }>;

/** What redeeming the grant of that action returns. */
export function receipt(): Uint8Array {
  return toBinary(RedeemGrantResponseSchema, create(RedeemGrantResponseSchema, { actionId: "a1", version: 4n, position: 9n }));
}

/** A message of a watch, or the reply of any command that answers with where the action is. */
export function stateOf(
  status: ActionStatus,
  changes: Init<typeof ActionStateSchema> & { readonly asked?: ActionInput } = {},
  grantToken = "",
): Uint8Array {
  const { asked = INPUT, ...others } = changes;
  const action = { id: "a1", tenant: "acme", status, version: 3n, digest: digestFor(asked), salt: SALT, ...others };
  return toBinary(WatchActionResponseSchema, create(WatchActionResponseSchema, { action, grantToken }));
}

/** A reply that holds the whole action. */
export function replyWith(
  status: ActionStatus,
  changes: Init<typeof ActionSchema> & { readonly asked?: ActionInput } = {},
  grantToken = "",
): Uint8Array {
  const { asked = INPUT, ...others } = changes;
  const input = {
    subject: { ...asked.subject, properties: {} },
    action: { name: asked.action.name, properties: asked.action.properties ?? {} },
    resource: { ...asked.resource, properties: {} },
  };
  const action = { id: "a1", tenant: "acme", status, version: 3n, digest: digestFor(asked), salt: SALT, input, ...others };
  return toBinary(GetActionResponseSchema, create(GetActionResponseSchema, { action, grantToken }));
}

/** Fails so many times, then answers. */
export function failing(times: number, code: FailureCode, reason: FailureReason, then: Uint8Array = new Uint8Array()): UnaryHandler {
  let left = times;
  return async () => {
    left -= 1;
    if (left >= 0) throw new CommandError(code, reason, "no", { violations: [{ field: "f", description: "d" }], metadata: { k: "v" } });
    return then;
  };
}
