import { toJson, type DescMessage, type MessageShape } from "@bufbuild/protobuf";
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { moment as momentText, visible } from "@countersign/review-view";

/** Prints a result: for people, or with `--json` the message as ProtoJSON, one document per result. */
export type Output = {
  /** `human` is only computed when people read it. */
  message<Schema extends DescMessage>(schema: Schema, message: MessageShape<Schema>, human: () => string): void;
  line(text: string): void;
};

export function createOutput(out: { write(text: string): unknown }, json: boolean): Output {
  const line = (text: string): void => void out.write(`${text}\n`);
  return {
    message: (schema, message, human) => line(json ? printable(JSON.stringify(toJson(schema, message))) : human()),
    line,
  };
}

/** The same JSON, without what a terminal would obey: JSON.stringify escapes control characters below the space only. */
export function printable(json: string): string {
  return json.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}]/gu, (character) =>
    Array.from({ length: character.length }, (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, "0")}`).join(""),
  );
}

/** Columns as wide as they need to be. Every cell is made harmless: ids and names come from whoever asked. */
export function table(headers: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return "none";
  const cells = [headers, ...rows.map((row) => row.map((cell) => visible(cell).text))];
  const widths = headers.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  return cells
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** A text of several lines, each made harmless. */
export function lines(text: string): string {
  return text
    .trimEnd()
    .split("\n")
    .map((line) => visible(line).text)
    .join("\n");
}

/** `2026-01-31 12:30:05Z`; nothing where there is no time. */
export function moment(time: Pick<Timestamp, "seconds"> | string | undefined): string {
  if (time === undefined || time === "") return "";
  return momentText(new Date(typeof time === "string" ? time : Number(time.seconds) * 1000));
}

/** What stands behind a count of 0, where the server does not tell a name without work from a name that is none. */
export function nothing(count: bigint): string {
  return count === 0n ? ": nothing was waiting under that name" : "";
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
