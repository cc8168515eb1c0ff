import type { JsonObject } from "@countersign/digest";
import { InvalidArgumentError, type Command } from "commander";
import { withContext, type Io } from "../context.ts";
import { UsageError } from "../errors.ts";
import { collectMember, parseResource, parseWait } from "../parse.ts";

type McpOptions = {
  readonly subject: { readonly type: string; readonly id: string };
  readonly resource?: { readonly type: string; readonly id: string };
  readonly context: JsonObject;
  readonly hold: number;
};

/** `countersign mcp`: tools of an MCP server run when they are approved. */
export function addMcpCommand(program: Command, io: Io): void {
  program
    .command("mcp")
    .description("run an MCP server, each call of a tool of which is asked for first: mcp crm --subject agent:bot -- node server.js")
    .argument("<name>", "how policies call the server: its tools are mcp.NAME.TOOL", parseServerName)
    .argument("<program...>", "starts the server, with its arguments, after --")
    .requiredOption("--subject <type:id>", "on whose behalf, for example agent:crm-agent", parseResource)
    .option("--resource <type:id>", "what the tools run on; default: mcp_server:NAME", parseResource)
    .option("--context <name=value>", "a member of the context, for example environment=production", collectMember, {})
    .option(
      "--hold <duration>",
      "how long a call is held for people before its host is told to call again, at most 5m; default: 45s",
      parseWait,
      45_000,
    )
    .action((server: string, [file = "", ...args]: readonly string[], options: McpOptions, command: Command) =>
      withContext(command, io, async ({ client, signal }) => {
        const { input } = io;
        if (input === undefined) throw new UsageError("mcp talks to its host over standard input, and there is none");
        const { subject, resource = { type: "mcp_server", id: server }, context, hold: holdMs } = options;
        const { runGuard } = await import("@countersign/mcp-guard");
        const asking = { server, subject, resource, context, holdMs };
        await runGuard({ command: file, args, env: io.env }, { input, output: io.out, signal }, client, asking);
      }),
    );
}

function parseServerName(text: string): string {
  if (!/^[a-z0-9_-]{1,40}$/.test(text))
    throw new InvalidArgumentError("must be 1 to 40 of a to z, 0 to 9, _ and -: it is a part of the names of actions");
  return text;
}
