import type { AddressInfo } from "node:net";
import { SMTPServer } from "smtp-server";

export type TakenMail = {
  readonly from: string;
  readonly to: readonly string[];
  readonly raw: string;
  /** Header by its name in lower case, unfolded. */
  readonly headers: ReadonlyMap<string, string>;
  /** Decoded bodies by content type. */
  readonly parts: ReadonlyMap<string, string>;
};

/** A real SMTP server that keeps what it takes. `answer`: the code for a recipient; 250 takes it. */
export async function testMailServer(answer: (address: string) => number = () => 250) {
  const mails: TakenMail[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ["STARTTLS"],
    size: 200_000,
    onRcptTo: ({ address }, _session, done) => {
      const code = answer(address);
      done(code === 250 ? null : Object.assign(new Error("no"), { responseCode: code }));
    },
    onData: (stream, { envelope }, done) => {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => {
        const from = envelope.mailFrom === false ? "" : envelope.mailFrom.address;
        mails.push(
          readMail(
            from,
            envelope.rcptTo.map(({ address }) => address),
            Buffer.concat(chunks).toString("utf8"),
          ),
        );
        done(null);
      });
    },
  });
  server.on("error", () => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.server.address() as AddressInfo;
  return { mails, port, close: () => new Promise<void>((resolve) => server.close(() => resolve())) };
}

function readMail(from: string, to: readonly string[], raw: string): TakenMail {
  const { headers, body } = split(raw);
  const boundary = /boundary="([^"]+)"/.exec(headers.get("content-type") ?? "")?.[1] ?? "no boundary";
  const parts = body
    .split(`--${boundary}`)
    .slice(1, -1)
    .map((part) => split(part.trimStart()));
  return { from, to, raw, headers, parts: new Map(parts.map((part) => [typeOf(part.headers), decode(part)])) };
}

function split(text: string): { readonly headers: ReadonlyMap<string, string>; readonly body: string } {
  const at = text.indexOf("\r\n\r\n");
  const lines = text
    .slice(0, at)
    .replaceAll(/\r\n[ \t]+/g, " ")
    .split("\r\n");
  const pairs = lines.map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 1).trim()] as const);
  return { headers: new Map(pairs), body: text.slice(at + 4) };
}

function typeOf(headers: ReadonlyMap<string, string>): string {
  return (headers.get("content-type") ?? "").split(";")[0] ?? "";
}

function decode({ headers, body }: { readonly headers: ReadonlyMap<string, string>; readonly body: string }): string {
  const encoding = headers.get("content-transfer-encoding");
  if (encoding === "base64") return Buffer.from(body, "base64").toString("utf8");
  if (encoding !== "quoted-printable") return body;
  const joined = body.replaceAll(/=\r\n/g, "");
  return Buffer.from(
    joined.replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    "latin1",
  ).toString("utf8");
}
