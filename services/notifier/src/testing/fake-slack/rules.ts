/** What Slack's Web API refuses, as far as we use it: the limits are those of its reference. */
type Json = Readonly<Record<string, unknown>>;

/** The `error` of chat.postMessage and chat.update; undefined: accepted. */
export function messageProblem(text: string | undefined, blocks: unknown, metadata: unknown): string | undefined {
  if ((text ?? "") === "" && blocks === undefined) return "no_text";
  if ((text ?? "").length > 40_000) return "msg_too_long";
  if (blocks !== undefined && blocksProblem(blocks, 50)) return "invalid_blocks";
  if (JSON.stringify(blocks ?? []).length > 13_200) return "msg_blocks_too_long";
  return metadata === undefined || isMetadata(metadata) ? undefined : "invalid_metadata_format";
}

/** The `error` of views.open. */
export function viewProblem(given: object): string | undefined {
  const view: Json = { ...given };
  const bad =
    view["type"] !== "modal" ||
    !isPlain(view["title"], 24) ||
    !isPlain(view["submit"], 24) ||
    !isPlain(view["close"], 24) ||
    !isText(view["callback_id"], 1, 255) ||
    !isText(view["private_metadata"], 0, 3000) ||
    blocksProblem(view["blocks"], 100);
  return bad ? "invalid_arguments" : undefined;
}

function blocksProblem(blocks: unknown, most: number): boolean {
  if (!Array.isArray(blocks) || blocks.length > most) return true;
  const ids = blocks.map((block: Json) => block["block_id"]).filter((id) => id !== undefined);
  return new Set(ids).size !== ids.length || (blocks as Json[]).some((block) => !isBlock(block));
}

function isBlock(block: Json): boolean {
  if (block["block_id"] !== undefined && !isText(block["block_id"], 1, 255)) return false;
  switch (block["type"]) {
    case "header":
      return isPlain(block["text"], 150);
    case "divider":
      return true;
    case "section":
      return isPlain(block["text"], 3000) || isMarkdown(block["text"], 3000);
    case "actions": {
      const elements = block["elements"] as Json[];
      return (
        elements.length >= 1 &&
        elements.length <= 25 &&
        elements.every(isButton) &&
        areUnique(elements.map((element) => element["action_id"]))
      );
    }
    case "input":
      return isPlain(block["label"], 2000) && isInput(block["element"] as Json);
    default:
      return false;
  }
}

function isButton(element: Json): boolean {
  return (
    element["type"] === "button" &&
    isPlain(element["text"], 75) &&
    isText(element["action_id"], 1, 255) &&
    (element["value"] === undefined || isText(element["value"], 1, 2000)) &&
    (element["url"] === undefined || isText(element["url"], 1, 3000)) &&
    (element["style"] === undefined || element["style"] === "primary" || element["style"] === "danger")
  );
}

function isInput(element: Json): boolean {
  const most = element["max_length"] ?? 3000;
  return (
    element["type"] === "plain_text_input" &&
    isText(element["action_id"], 1, 255) &&
    typeof most === "number" &&
    most >= 1 &&
    most <= 3000 &&
    (element["initial_value"] === undefined || isText(element["initial_value"], 0, most))
  );
}

function isMetadata(metadata: unknown): boolean {
  const { event_type: type, event_payload: payload } = metadata as Json;
  return isText(type, 1, 255) && typeof payload === "object" && payload !== null;
}

function isPlain(value: unknown, most: number): boolean {
  const text = value as Json | undefined;
  return text?.["type"] === "plain_text" && isText(text["text"], 1, most);
}

function isMarkdown(value: unknown, most: number): boolean {
  const text = value as Json | undefined;
  return text?.["type"] === "mrkdwn" && isText(text["text"], 1, most);
}

function isText(value: unknown, least: number, most: number): boolean {
  return typeof value === "string" && value.length >= least && value.length <= most;
}

function areUnique(values: readonly unknown[]): boolean {
  return new Set(values).size === values.length;
}
