import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { readComposeFile, type ComposeService } from "./compose-file.ts";

const COMPOSE = readComposeFile("deploy/compose/compose.yaml");

/** The file itself, or the folder that it lies in, under whatever name; or a setting that says where it is. */
const hasAppendKey = ({ mounts, environment }: ComposeService): boolean =>
  [...mounts.values()].some((source) => /\/(append-key\.hex|keys|secrets)\/?$/.test(source)) ||
  Object.keys(environment).some((name) => name.startsWith("COUNTERSIGN_APPEND_"));

const standsOnLog = (main: string): boolean => /\brunService\(/.test(readFileSync(main, "utf8"));

test("P6: the append key is mounted where a service stands on the log, and nowhere else", () => {
  const services = [...COMPOSE].filter(([, { command }]) => command[0]?.startsWith("services/"));
  expect(
    Object.fromEntries(
      services.map(
        ([
          name,
          {
            command: [main = ""],
          },
        ]) => [name, standsOnLog(main)],
      ),
    ),
  ).toEqual({
    approval: true,
    audit: true,
    directory: true,
    gateway: false,
    notifier: true,
    policy: true,
  });
  const given = [...COMPOSE].filter(([, service]) => hasAppendKey(service)).map(([name]) => name);
  expect(given.toSorted()).toEqual(
    services
      .filter(
        ([
          ,
          {
            command: [main = ""],
          },
        ]) => standsOnLog(main),
      )
      .map(([name]) => name)
      .toSorted(),
  );
});

test("P6: a mount that is planted, of the key under another name or of all keys, is found", () => {
  const gateway = COMPOSE.get("gateway");
  if (gateway === undefined) throw new Error("compose.yaml has no gateway");
  for (const source of ["/x/secrets/keys/append-key.hex", "/x/secrets/keys", "/x/secrets/"])
    expect(hasAppendKey({ ...gateway, mounts: new Map([...gateway.mounts, ["/run/spare", source]]) })).toBe(true);
});

test("upgrade.sh names every service: new ones beside the old where there are two, and else one after the other, the gateway last", () => {
  const script = readFileSync("deploy/compose/upgrade.sh", "utf8");
  const pairs = /^for service in (.*); do$/m.exec(script)?.[1]?.split(" ");
  const singles = Array.from(script.matchAll(/--no-deps --wait (\w+)$/gm), ([, name]) => name);
  const services = [...COMPOSE].filter(([, { command }]) => command[0]?.startsWith("services/"));
  const named = (replicas: number) => services.flatMap(([name, service]) => (service.replicas === replicas ? [name] : []));
  expect(pairs?.toSorted()).toEqual(named(2).toSorted());
  expect(singles).toEqual(named(1));
});
