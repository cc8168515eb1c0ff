// An MCP server as others write them, with the official SDK: tools that leave a trace in the file that is its argument.
import { appendFileSync } from "node:fs";
import { McpServer } from "@modelcontextprotocol/server";
import { serveStdio } from "@modelcontextprotocol/server/stdio";
import { z } from "zod";

const [, , trace = ""] = process.argv;

function answer(text: string, isError = false) {
  return { content: [{ type: "text" as const, text }], isError };
}

serveStdio(() => {
  const server = new McpServer({ name: "crm", version: "1.0.0" });
  server.registerTool("countCustomers", { description: "Counts.", inputSchema: z.object({}) }, () => answer("42 customers"));
  server.registerTool(
    "export",
    { description: "Exports.", inputSchema: z.object({ table: z.string(), limit: z.number() }) },
    ({ table, limit }) => {
      appendFileSync(trace, `exported ${limit} of ${table}\n`);
      return answer(`${limit} rows of ${table}`);
    },
  );
  server.registerTool("drop", { description: "Drops.", inputSchema: z.object({ table: z.string() }) }, ({ table }) => {
    appendFileSync(trace, `dropped ${table}\n`);
    return answer("gone");
  });
  server.registerTool("fail", { description: "Fails.", inputSchema: z.object({}) }, () => answer("the database is away", true));
  server.registerTool("crash", { description: "Ends the server.", inputSchema: z.object({}) }, () => process.exit(3));
  server.registerTool("environment", { description: "What it was given.", inputSchema: z.object({}) }, () =>
    answer(Object.keys(process.env).join(" ")),
  );
  return server;
});
