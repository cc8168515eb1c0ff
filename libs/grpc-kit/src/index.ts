export type { Send, ServiceHandlers, StreamHandler, UnaryHandler, WorkThenStream } from "./handlers.ts";
export type { RpcCall } from "./rpc-call.ts";
export { createRpcServer, type RpcLimits, type RpcServer, type RpcServerOptions, type RunningRpcServer } from "./server.ts";
export { Sweeper } from "./sweeper.ts";
export type { TlsFiles } from "./tls.ts";
