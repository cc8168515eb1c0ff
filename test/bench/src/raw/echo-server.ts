// grpc-js and nothing else: answers with the bytes that came. A process of its own, child of the bench.
import { Server, ServerCredentials, type handleUnaryCall } from "@grpc/grpc-js";
import { ECHO } from "./echo-service.ts";

const echo: handleUnaryCall<Buffer, Buffer> = (call, reply) => reply(null, call.request);
const server = new Server();
server.addService(ECHO, { Echo: echo });
server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) throw error;
  process.send?.(port);
});
process.on("disconnect", () => process.exit(0));
