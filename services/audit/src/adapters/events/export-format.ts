import { ExportFormat, ExportFormatSchema } from "@countersign/proto/v1/export_format_pb";

/** As the command line and `@countersign/event-formats` call it; empty when a newer build wrote it. */
export function formatName(format: ExportFormat): string {
  if (format === ExportFormat.UNSPECIFIED) return "archive";
  const name = ExportFormatSchema.value[format]?.localName ?? "";
  return name.toLowerCase().replaceAll("_", "-");
}
