import { createTransport } from "nodemailer";
import { RetryableDeliveryError, TerminalDeliveryError } from "../../usecases/channel.ts";
import type { MailText } from "./mail-text.ts";

export type SmtpConfig = {
  readonly host: string;
  readonly port: number;
  /** `tls`: from the first byte; `starttls`: required before anything else is said; `none`: for a server on this machine or in a test. */
  readonly security: "tls" | "starttls" | "none";
  readonly user?: string | undefined;
  readonly password?: string | undefined;
};

/** One message to one person. */
export type Mail = MailText & {
  readonly from: string;
  readonly to: string;
  readonly messageId: string;
  readonly thread: string | undefined;
};

export type MailServer = {
  /** Resolves when the server has taken it. @throws TerminalDeliveryError when it never will; RetryableDeliveryError otherwise. */
  send(mail: Mail): Promise<void>;
  close(): void;
};

const TIMEOUT_MS = 10_000;

/** A mail server spoken to by SMTP. Files and addresses within a message are never fetched. */
export function smtpServer({ host, port, security, user, password }: SmtpConfig): MailServer {
  const transport = createTransport({
    host,
    port,
    secure: security === "tls",
    requireTLS: security === "starttls",
    ignoreTLS: security === "none",
    ...(user === undefined ? {} : { auth: { user, pass: password ?? "" } }),
    pool: true,
    maxConnections: 2,
    connectionTimeout: TIMEOUT_MS,
    greetingTimeout: TIMEOUT_MS,
    socketTimeout: TIMEOUT_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return {
    send: async ({ from, to, messageId, thread, subject, text, html }) => {
      try {
        await transport.sendMail({
          from: { name: "Countersign", address: from },
          to: { name: "", address: to },
          envelope: { from, to: [to] },
          messageId,
          ...(thread === undefined ? {} : { inReplyTo: thread, references: [thread] }),
          headers: { "Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All" },
          subject,
          text,
          html,
        });
      } catch (error) {
        throw toDeliveryError(error);
      }
    },
    close: () => transport.close(),
  };
}

/** Of this message or this recipient for good; 535 and the like are about our account, and somebody may mend that. */
const FOR_GOOD = new Set([550, 551, 552, 553, 554]);

function toDeliveryError(cause: unknown): Error {
  const { responseCode } = cause as { readonly responseCode?: unknown };
  if (typeof responseCode !== "number") return new RetryableDeliveryError("the mail server did not answer", { cause });
  const text = `the mail server answered ${responseCode}`;
  return FOR_GOOD.has(responseCode) ? new TerminalDeliveryError(text, { cause }) : new RetryableDeliveryError(text, { cause });
}
