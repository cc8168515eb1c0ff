import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { readIssuers } from "@countersign/identity";
import { HELM_RUNS_HERE, lint, render, type Manifest } from "./testing/helm.ts";

// Of helm there is one binary in the npm registry, for this platform.
describe.skipIf(!HELM_RUNS_HERE)("the chart", () => {
  const SIX = ["approval", "audit", "directory", "gateway", "notifier", "policy"];

  test("helm is content with the example's values, strictly", () => {
    expect(lint("example-values.yaml")).toMatchObject({ ok: true });
  });

  test("P7: says what is missing rather than to install something that accepts nobody", () => {
    const { ok, text } = lint();
    expect(ok).toBe(false);
    expect(text).toContain("'/issuers': minItems");
  });

  test.each([
    ["a value that nobody reads", "services.gateway.replica=3", "replica"],
    ["two that keep one anchor", "services.audit.replicas=2", "ReadWriteMany"],
    ["a file in the place of another", "services.gateway.files.ca=mine", "files"],
    ["to let them become two", "services.audit.maxReplicas=2", "ReadWriteMany"],
    ["to scale to less than there are", "services.gateway.maxReplicas=1", "services.gateway.maxReplicas"],
    ["a secret as a value", "secrets.logKey=-----BEGIN PRIVATE KEY-----", "logKey"],
  ])("refuses %s", (_what, setting, named) => {
    expect(() => render(setting)).toThrow(named);
  });

  test.each<[string, readonly string[]]>([
    ["as in the example", []],
    [
      "with everything",
      ["telemetry.otlpEndpoint=http://collector:4318", "services.audit.replicas=2", "log.anchor.accessMode=ReadWriteMany"],
    ],
    ["without sealing, fences and authority", ["secrets.logKey=", "log.origin=", "networkPolicy.enabled=false", "secrets.ca="]],
  ])("every object %s is one that Kubernetes knows", async (_how, settings) => {
    const manifests = render(...settings);
    expect(named(manifests, "Deployment")).toEqual(SIX.map((service) => `cs-${service}`));
    for (const manifest of manifests) await validate(manifest);
  });

  test("no pod runs as root, writes to its root, gains rights or has a token; each says what memory it takes", () => {
    const manifests = render();
    const pods = manifests.filter(({ kind }) => kind === "Deployment" || kind === "Job").map(({ spec }) => podOf(spec));
    expect(pods).toHaveLength(7);
    for (const pod of pods) {
      expect(pod).toMatchObject({
        automountServiceAccountToken: false,
        securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
      });
      for (const container of pod.containers) {
        expect(container).toMatchObject({
          securityContext: { readOnlyRootFilesystem: true, allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
          resources: { limits: { memory: expect.stringMatching(/^\d+Mi$/) as unknown } },
        });
        expect(container.image).toMatch(/@sha256:/);
      }
    }
  });

  test("P6: who reads or writes the log has the append key and a way to Postgres; the gateway has neither, and the migration no key", () => {
    const log = ["cs-approval", "cs-audit", "cs-directory", "cs-notifier", "cs-policy"];
    const manifests = render();
    const who = (text: string) => given(manifests, text).toSorted();
    expect(who('"secretName":"countersign-append-key"')).toEqual(log);
    expect(who('"name":"COUNTERSIGN_APPEND_KEY_FILE","value":"/run/countersign/append-key/append-key.hex"')).toEqual(log);
    expect(who("/run/countersign/append-key")).toEqual(log);
    expect(who("COUNTERSIGN_DATABASE_URL")).toEqual([...log, "cs-migrate"].toSorted());
    expect(who('"key":"databaseUrl"')).toEqual([...log, "cs-migrate"].toSorted());
    expect(() => render("secrets.appendKey=")).toThrow("appendKey");
  });

  test("P6: a mount of the append key that is planted is found, whatever it is called, and the chart itself plants none in the gateway", () => {
    const spare = render("secrets.appendKey=mine", "services.gateway.files.spare=countersign-append-key");
    expect(given(spare, '"secretName":"countersign-append-key"')).toEqual(["cs-gateway"]);
    expect(given(spare, '"secretName":"mine"')).not.toContain("cs-gateway");
    for (const name of ["spare", "append-key"])
      expect(() => render(`services.gateway.files.${name}=countersign-append-key`)).toThrow(
        "services.gateway.files: not countersign-append-key",
      );
  });

  test("a setting that names a file finds it: secrets of one's own are mounted for the service that is given them", () => {
    const quotas = "services.gateway.files.quotas=countersign-quotas";
    const path = "/run/countersign/quotas";
    const manifests = render(quotas, `services.gateway.settings.COUNTERSIGN_QUOTAS_FILE=${path}/quotas.yaml`);
    const given = manifests.filter((manifest) => JSON.stringify(manifest).includes(`"mountPath":"${path}","readOnly":true`));
    expect(given.map(({ metadata }) => metadata.name)).toEqual(["cs-gateway"]);
    expect(JSON.stringify(given)).toContain('"secretName":"countersign-quotas"');
    expect(JSON.stringify(given)).toContain(`"value":"${path}/quotas.yaml"`);
  });

  test("brings no secret, and names only those that its page lists", () => {
    const manifests = render("secrets.directory=countersign-directory-file");
    expect(named(manifests, "Secret")).toEqual([]);
    const page = readFileSync(new URL("../README.md", import.meta.url), "utf8");
    const services = /countersign-\{([a-z,]+)\}/.exec(page)?.[1]?.split(",") ?? [];
    const listed = new Set([...services.map((name) => `countersign-${name}`), ...(page.match(/countersign-[a-z-]+/g) ?? [])]);
    const used = JSON.stringify(manifests).matchAll(/"secret(?:KeyRef":\{"name|Name)":"([^"]+)"/g);
    const unlisted = [...used].map(([, name]) => name ?? "").filter((name) => !listed.has(name));
    // The two optional ones have the names that the values give them.
    expect([...new Set(unlisted)].toSorted()).toEqual(["countersign-channels", "countersign-directory-file"]);
  });

  test("whatever selects pods selects some", () => {
    const manifests = render();
    const labels = manifests.filter(({ kind }) => kind === "Deployment").map(({ spec }) => templateOf(spec).metadata.labels);
    const selectors = manifests.flatMap(({ kind, metadata, spec }) => {
      const selected = selectorOf(kind, spec);
      return selected === undefined ? [] : [{ what: `${kind} ${metadata.name}`, selected }];
    });
    expect(selectors.length).toBeGreaterThan(15);
    const idle = selectors.filter(
      ({ selected }) => !labels.some((pod) => Object.entries(selected).every(([key, value]) => pod[key] === value)),
    );
    expect(idle).toEqual([]);
    const targets = manifests.filter(({ kind }) => kind === "HorizontalPodAutoscaler").map(({ spec }) => spec as Scaler);
    expect(targets.map(({ scaleTargetRef }) => scaleTargetRef.name)).toEqual(["cs-approval", "cs-gateway", "cs-policy"]);
  });

  /** Ports that pods of a service may reach. */
  const reaches = (manifests: readonly Manifest[], service: string): readonly number[] =>
    manifests
      .filter(({ kind, spec }) => kind === "NetworkPolicy" && chooses(spec as Fence, service))
      .flatMap(({ spec }) => ((spec as Fence).egress ?? []).flatMap(({ ports }) => ports.map(({ port }) => port)))
      .toSorted((a, b) => a - b);

  test("the fences let each service reach what its settings may name, and no more", () => {
    const common = [53, 53, 4222, 5432];
    // Webhooks may use 443 and 8443, mail 465 and 587.
    const outside = [...common, 443, 465, 587, 8443].toSorted((a, b) => a - b);
    const manifests = render();
    for (const service of SIX) {
      const may = service === "policy" ? common : service === "gateway" ? outside.filter((port) => port !== 5432) : outside;
      expect([service, reaches(manifests, service)]).toEqual([service, may]);
    }
    expect(reaches(manifests, "migrate")).toEqual(common);
    const named = render("networkPolicy.outsidePorts={8200}", "networkPolicy.postgresPort=6432", "networkPolicy.natsPort=4443");
    expect(reaches(named, "audit")).toEqual([53, 53, 4443, 6432, 8200]);
    expect(reaches(render("networkPolicy.outsidePorts=null"), "audit")).toEqual(common);
  });

  test.each([
    ["http://collector.telemetry:4319/v1", 4319],
    ["https://otlp.example/otlp", 443],
  ])("the fences let every service reach telemetry at %s", (endpoint, port) => {
    expect(reaches(render(`telemetry.otlpEndpoint=${endpoint}`), "policy")).toContain(port);
  });

  test("a node can be drained: of two one may go, of one that one, and whoever is not ready keeps nobody", () => {
    const budgets = render().filter(({ kind }) => kind === "PodDisruptionBudget");
    expect(budgets.map(({ metadata }) => metadata.name)).toEqual(
      SIX.filter((service) => service !== "audit").map((service) => `cs-${service}`),
    );
    for (const { spec } of budgets) expect(spec).toMatchObject({ maxUnavailable: 1, unhealthyPodEvictionPolicy: "AlwaysAllow" });
  });

  test("the migration runs where the services do, before them, and asks for the same nodes", () => {
    const settings = ["scheduling.nodeSelector.pool=approvals", "scheduling.tolerations[0].key=dedicated"];
    const manifests = render(...settings);
    const job = manifests.find(({ kind }) => kind === "Job");
    expect(job?.metadata).toMatchObject({ annotations: { "helm.sh/hook": "pre-install,pre-upgrade" } });
    const pods = manifests.filter(({ kind }) => kind === "Deployment" || kind === "Job").map(({ spec }) => podOf(spec));
    for (const pod of pods) expect(pod).toMatchObject({ nodeSelector: { pool: "approvals" }, tolerations: [{ key: "dedicated" }] });
  });

  test("the issuers that it mounts are read by the service that reads them", () => {
    const config = render().find(({ kind }) => kind === "ConfigMap");
    const files = config?.["data"] as Readonly<Record<string, string>>;
    expect(readIssuers({ COUNTERSIGN_ISSUERS: files["issuers.yaml"] })).toMatchObject([
      { issuer: "https://login.example", tenants: ["acme"] },
      { issuer: "https://login.operations.example", tenants: ["operations"], mayGive: ["ledger_operator"] },
    ]);
  });
});

type Template = {
  readonly metadata: { readonly labels: Readonly<Record<string, string>> };
  readonly spec: Pod;
};
type Pod = {
  readonly automountServiceAccountToken: boolean;
  readonly securityContext: object;
  readonly containers: readonly { readonly image: string; readonly securityContext: object; readonly resources: object }[];
};
type Fence = {
  readonly podSelector: {
    readonly matchLabels: Labels;
    readonly matchExpressions?: readonly { readonly key: string; readonly values: readonly string[] }[];
  };
  readonly egress?: readonly { readonly ports: readonly { readonly port: number }[] }[];
};
type Scaler = { readonly scaleTargetRef: { readonly name: string } };

/** Whether it is about pods of this service. */
function chooses({ podSelector: { matchLabels, matchExpressions = [] } }: Fence, service: string): boolean {
  const component = matchLabels["app.kubernetes.io/component"] ?? service;
  return component === service && matchExpressions.every(({ values }) => values.includes(service));
}

const templateOf = (spec: unknown): Template => (spec as { readonly template: Template }).template;
const podOf = (spec: unknown): Pod => templateOf(spec).spec;
const named = (manifests: readonly Manifest[], kind: string): readonly string[] =>
  manifests.filter((manifest) => manifest.kind === kind).map(({ metadata }) => metadata.name);

/** Whose pods say this. */
const given = (manifests: readonly Manifest[], text: string): readonly string[] =>
  manifests
    .filter(({ kind, spec }) => /^(Deployment|Job)$/.test(kind) && JSON.stringify(spec).includes(text))
    .map(({ metadata }) => metadata.name);

/** The labels that an object asks pods for. */
function selectorOf(kind: string, spec: unknown): Readonly<Record<string, string>> | undefined {
  const selecting = spec as {
    readonly selector: Labels & { readonly matchLabels?: Labels };
    readonly podSelector: { readonly matchLabels: Labels };
  };
  switch (kind) {
    case "Service":
      return selecting.selector;
    case "Deployment":
    case "PodDisruptionBudget":
      return selecting.selector.matchLabels;
    case "NetworkPolicy":
      return selecting.podSelector.matchLabels;
    default:
      return undefined;
  }
}
type Labels = Readonly<Record<string, string>>;

/** @throws Error with the members that Kubernetes does not know or misses. */
async function validate(manifest: Manifest): Promise<void> {
  const { apiVersion, kind } = manifest;
  const models = (await import(`kubernetes-models/${apiVersion}/${kind}`)) as Readonly<Record<string, Model>>;
  const Model = models[kind];
  if (Model === undefined) throw new Error(`${apiVersion} has no ${kind}`);
  try {
    new Model(manifest).validate();
  } catch (cause) {
    throw new Error(`${kind} ${manifest.metadata.name} is not as Kubernetes wants it`, { cause });
  }
}
type Model = new (manifest: Manifest) => { validate(): void };
