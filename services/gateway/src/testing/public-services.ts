import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { DescMethod, DescService } from "@bufbuild/protobuf";

const GENERATED = dirname(fileURLToPath(import.meta.resolve("@countersign/proto/v1/principal_pb")));

/** Every service of package countersign.v1, as generated: one that is added is here without anybody's doing. */
export const PUBLIC_SERVICES: readonly DescService[] = await findServices();

export const PUBLIC_METHODS: readonly DescMethod[] = PUBLIC_SERVICES.flatMap(({ methods }) => methods);

async function findServices(): Promise<readonly DescService[]> {
  const files = readdirSync(GENERATED).filter((name) => name.endsWith("_pb.ts"));
  const modules = await Promise.all(files.map((name) => import(join(GENERATED, name)) as Promise<Readonly<Record<string, unknown>>>));
  return modules.flatMap((module) => Object.values(module).filter(isService));
}

function isService(value: unknown): value is DescService {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "service";
}
