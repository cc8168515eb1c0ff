import { FsckResponseSchema, RebuildProjectionResponseSchema, type Progress } from "@countersign/proto/v1/audit_service_pb";
import { create } from "@bufbuild/protobuf";
import { visible } from "@countersign/review-view";
import type { Command } from "commander";
import { withContext, type Io } from "../context.ts";
import { AnswerIsNo } from "../errors.ts";
import { hex, table } from "../output.ts";

/** What ledger operators do with the ledger as a whole. */
export function addLedgerCommands(program: Command, io: Io): void {
  program
    .command("fsck")
    .description(
      "ledger operators: read everything that is kept and check it against everything else; every flaw is printed as it is found",
    )
    .action((_options: object, command: Command) =>
      withContext(command, io, async ({ client, output, signal }) => {
        const print = (message: Parameters<typeof create<typeof FsckResponseSchema>>[1], human: () => string): void =>
          output.message(FsckResponseSchema, create(FsckResponseSchema, message), human);
        const result = await client.fsck(
          {
            onFlaw: (flaw) =>
              print(
                { message: { case: "flaw", value: flaw } },
                () => visible(`FLAW at ${flaw.position}: ${flaw.kind}: ${flaw.detail}`).text,
              ),
            onProgress: (progress) => print({ message: { case: "progress", value: progress } }, () => progressLine(progress)),
          },
          { signal },
        );
        print({ message: { case: "result", value: result } }, () =>
          [
            `${result.events} events, root ${hex(result.rootHash)}`,
            ...result.unchecked.map((what) => `NOT CHECKED: ${visible(what).text}`),
            result.flaws === 0n ? "no flaws" : `${result.flaws} flaws`,
          ].join("\n"),
        );
        if (result.flaws > 0n) throw new AnswerIsNo("what is kept is not as it was written");
        if (result.unchecked.length > 0) throw new AnswerIsNo("not everything could be checked");
      }),
    );
  addRebuild(program, io);
}

function addRebuild(program: Command, io: Io): void {
  program
    .command("rebuild")
    .description("ledger operators: build a new version of a projection from the log, compare, and switch")
    .argument("[name]", "default: all")
    .action((name: string | undefined, _options: object, command: Command) =>
      withContext(command, io, async ({ client, output, signal }) => {
        const onProgress = (progress: Progress): void =>
          output.message(
            RebuildProjectionResponseSchema,
            create(RebuildProjectionResponseSchema, { message: { case: "progress", value: progress } }),
            () => progressLine(progress),
          );
        const rebuilds = await client.rebuild(name ?? "", onProgress, { signal });
        for (const rebuild of rebuilds) {
          const message = create(RebuildProjectionResponseSchema, { message: { case: "rebuild", value: rebuild } });
          output.message(RebuildProjectionResponseSchema, message, () =>
            table(
              ["PROJECTION", "VERSION", "ROWS", "POSITION", "DIGEST", ""],
              [
                [
                  rebuild.name,
                  String(rebuild.version),
                  String(rebuild.rebuilt?.rows ?? 0n),
                  String(rebuild.rebuilt?.position ?? 0n),
                  hex(rebuild.rebuilt?.digest ?? new Uint8Array()),
                  rebuild.identical ? "identical" : "DIFFERED from the live one, which was replaced",
                ],
              ],
            ),
          );
          if (rebuild.differsAt !== undefined) output.line(`the build before it had another state at position ${rebuild.differsAt}`);
        }
        if (rebuilds.some(({ identical }) => !identical)) throw new AnswerIsNo("a projection was not what the log says");
      }),
    );
}

function progressLine({ step, done, total, rate, secondsLeft }: Progress): string {
  const share = total === 0n ? String(done) : `${done} of ${total}`;
  // What has just begun, or was done at once, has no speed yet.
  const speed = rate < 1 ? "" : `, ${Math.round(rate)}/s`;
  const left = speed === "" || total === 0n || done === total ? "" : `, ${Math.ceil(secondsLeft)} s left`;
  return visible(`${step}: ${share}${speed}${left}`).text;
}
