/** What Teams refuses, as far as we use it: the limits of its bots and the shape of Adaptive Cards 1.5. */
type Json = Readonly<Record<string, unknown>>;

const LARGEST_ACTIVITY = 28_000;
const CARD = "application/vnd.microsoft.card.adaptive";

/** Why an activity is refused; undefined: accepted. */
export function activityProblem(text: string): string | undefined {
  if (Buffer.byteLength(text) > LARGEST_ACTIVITY) return "MessageSizeTooBig";
  const { type, attachments } = JSON.parse(text) as { readonly type?: string; readonly attachments?: readonly Json[] };
  if (type !== "message" || attachments?.length !== 1) return "BadSyntax";
  return attachments[0]?.["contentType"] === CARD ? cardProblem(attachments[0]["content"] as Json) : "BadSyntax";
}

/** Why a card is refused. */
export function cardProblem(card: Json): string | undefined {
  const isCard = card["type"] === "AdaptiveCard" && card["version"] === "1.5" && Array.isArray(card["body"]);
  if (!isCard) return "the card is none";
  const ids = inputsOf(card).map(({ id }) => id);
  if (new Set(ids).size !== ids.length) return "two inputs have one id";
  const refresh = card["refresh"] as { readonly action: Json; readonly userIds?: readonly string[] } | undefined;
  if (refresh !== undefined && (!isExecute(refresh.action) || (refresh.userIds ?? []).length > 60)) return "refresh is wrong";
  return [...(card["body"] as Json[])].every(isElement) && actionsOf(card).every(isAction) ? undefined : "an element is wrong";
}

/** Every input of a card, those of the cards it opens included. */
export function inputsOf(card: Json): readonly { readonly id: string; readonly value?: string }[] {
  const body = (card["body"] ?? []) as { readonly type: string; readonly id: string; readonly value?: string }[];
  const own = body.filter(({ type }) => type === "Input.Text");
  return [...own, ...actionsOf(card).flatMap((action) => (action["type"] === "Action.ShowCard" ? inputsOf(action["card"] as Json) : []))];
}

/** The `Action.Execute` of a verb, wherever it stands. */
export function executeOf(card: Json, verb: string): Json | undefined {
  for (const action of actionsOf(card)) {
    if (action["verb"] === verb) return action;
    const inner = action["type"] === "Action.ShowCard" ? executeOf(action["card"] as Json, verb) : undefined;
    if (inner !== undefined) return inner;
  }
  return undefined;
}

function actionsOf(card: Json): readonly Json[] {
  return (card["actions"] ?? []) as Json[];
}

function isElement(element: Json): boolean {
  switch (element["type"]) {
    case "TextBlock":
      return typeof element["text"] === "string" && element["text"] !== "";
    case "RichTextBlock":
      return (element["inlines"] as Json[]).every(({ type, text }) => type === "TextRun" && typeof text === "string" && text !== "");
    case "Container":
      return (element["items"] as Json[]).every(isElement);
    case "Input.Text":
      return typeof element["id"] === "string";
    default:
      return false;
  }
}

function isAction(action: Json): boolean {
  switch (action["type"]) {
    case "Action.Execute":
      return isExecute(action);
    case "Action.OpenUrl":
      return typeof action["url"] === "string";
    case "Action.ShowCard": {
      const card = action["card"] as Json;
      return (card["body"] as Json[]).every(isElement) && actionsOf(card).every(isAction);
    }
    default:
      return false;
  }
}

function isExecute(action: Json): boolean {
  return action["type"] === "Action.Execute" && typeof action["verb"] === "string" && typeof action["data"] === "object";
}
