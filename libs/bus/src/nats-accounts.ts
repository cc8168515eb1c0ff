import { BUS_USERS, inboxPrefix, isBusUser, subjectRights, type BusLayout, type BusUserName, type SubjectRights } from "./permissions.ts";
import { notifierDurable, type NotifierProgram } from "./program-consumers.ts";
import { eventStreamName } from "./subjects.ts";

type User = { readonly name: string; readonly password: string; readonly rights: SubjectRights };

/**
 * The subjects of a notifier program: it takes messages from its own consumer and acknowledges them. It makes no consumer, sends no command and hears
 * no reply but its own.
 */
function programRights({ name, ledger }: NotifierProgram, prefix: string): SubjectRights {
  return { publish: programServices(name, eventStreamName(prefix, ledger)), subscribe: [`${inboxPrefix(notifierDurable(name))}.>`] };
}

function programServices(name: string, stream: string): readonly [next: string, ack: string] {
  const durable = notifierDurable(name);
  return [`$JS.API.CONSUMER.MSG.NEXT.${stream}.${durable}`, `$JS.ACK.${stream}.${durable}.>`];
}

/**
 * The `accounts` block of a nats-server configuration: in one account a user per service, and one that may do what all of them may, for the layout in
 * which they share a process; and **an account for each notifier program**. Permissions alone would not do: whoever asks for the next message says
 * with its reply subject where JetStream sends it, and no server checks that one. From an account of its own it leads back there and nowhere else.
 * @param passwords of each user, as they are to stand in the file: in the clear, as `nats server passwd` makes them (bcrypt), or the name of a
 * variable of the server's environment (`$NATS_PASSWORD_POLICY`).
 * @param programs notifiers that are programs of their own; each gets a user `notifier-<name>`.
 */
export function natsAccounts(
  layout: BusLayout,
  passwords: Readonly<Record<BusUserName | "countersign", string>>,
  programs: readonly (NotifierProgram & { readonly password: string })[] = [],
): string {
  const { prefix } = layout;
  const names = Object.keys(BUS_USERS).filter(isBusUser);
  const services = names.map((name): User => ({ name, password: passwords[name], rights: subjectRights(name, layout) }));
  const all = {
    publish: [...new Set(services.flatMap(({ rights }) => rights.publish)), `${inboxPrefix("countersign")}.>`],
    subscribe: [`${inboxPrefix("countersign")}.>`, `${prefix}.cmd.>`, `${prefix}.evt.>`, `${prefix}.wake.*`],
  };
  const together: User = { name: "countersign", password: passwords.countersign, rights: all };
  const exports = programs.map(({ name, ledger }) => {
    const [next, ack] = programServices(name, eventStreamName(prefix, ledger)).map((subject) => JSON.stringify(subject));
    const to = `accounts: [${accountOf(name)}]`;
    return `      { service: ${next}, response_type: stream, ${to} }\n      { service: ${ack}, ${to} }\n`;
  });
  const own = `  ${MAIN} {
    jetstream: enabled
    users = [
${[...services, together].map(userBlock).join("")}    ]
    exports = [
${exports.join("")}    ]
  }
`;
  return `accounts {\n${own}${programs.map((program) => programAccount(program, prefix)).join("")}}\n`;
}

const MAIN = "COUNTERSIGN";

function accountOf(program: string): string {
  return notifierDurable(program).toUpperCase().replaceAll("-", "_");
}

function programAccount(program: NotifierProgram & { readonly password: string }, prefix: string): string {
  const { name, ledger, password } = program;
  const user = { name: notifierDurable(name), password, rights: programRights(program, prefix) };
  const imports = programServices(name, eventStreamName(prefix, ledger)).map(
    (subject) => `      { service: { account: ${MAIN}, subject: ${JSON.stringify(subject)} } }\n`,
  );
  return `  ${accountOf(name)} {
    users = [
${userBlock(user)}    ]
    imports = [
${imports.join("")}    ]
  }
`;
}

function userBlock({ name, password, rights: { publish, subscribe } }: User): string {
  const list = (subjects: readonly string[]): string => subjects.map((subject) => `            ${JSON.stringify(subject)}\n`).join("");
  return `      {
        user: ${name}
        password: ${password.startsWith("$NATS_") ? password : JSON.stringify(password)}
        permissions {
          publish = [
${list(publish)}          ]
          subscribe = [
${list(subscribe)}          ]
        }
      }
`;
}
