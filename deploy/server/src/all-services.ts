import { readApprovalConfig, startApproval } from "@countersign/approval";
import { readAuditConfig, startAudit } from "@countersign/audit";
import { readDirectoryConfig, startDirectory } from "@countersign/directory";
import { readGatewayConfig, startGateway } from "@countersign/gateway";
import { readNotifierConfig, startNotifier, type Channel } from "@countersign/notifier";
import { readPolicyConfig, startPolicy } from "@countersign/policy";
import type { Closeable, Runtime } from "@countersign/runtime";

/** All services as modules of one process. */
export type AllServices = Closeable & {
  /** host:port of the gRPC front door. */
  readonly address: string;
  /** host:port of checkpoints and tiles, if they are served. */
  readonly tiles: string | undefined;
};

/**
 * Starts every service on one runtime, which relays events. Commands between them are direct calls, events go over JetStream; the code and the
 * events are those of a process per service, and `npm run bench` compares the two.
 * @param channels notifier channels beside the configured ones.
 */
export async function startAllServices(runtime: Runtime, env: NodeJS.ProcessEnv, channels: readonly Channel[] = []): Promise<AllServices> {
  const started: Closeable[] = [];
  const closeAll = async (): Promise<void> => {
    for (const part of started.toReversed()) await part.close();
  };
  const add = async <Part extends Closeable>(part: Part | Promise<Part>): Promise<Part> => {
    const running = await part;
    started.push(running);
    return running;
  };
  try {
    await add(startPolicy({ ...runtime, config: readPolicyConfig(env) }));
    await add(startDirectory({ ...runtime, config: readDirectoryConfig(env) }));
    await add(startApproval({ ...runtime, config: readApprovalConfig(env) }));
    const audit = await add(startAudit({ ...runtime, config: readAuditConfig(env) }));
    await add(startNotifier({ ...runtime, config: readNotifierConfig(env), channels }));
    const gateway = await add(startGateway({ ...runtime, config: readGatewayConfig(env) }));
    return { address: gateway.address, tiles: audit.sealing?.tilesAddress, close: closeAll };
  } catch (error) {
    await closeAll();
    throw error;
  }
}
