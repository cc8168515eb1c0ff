import type { Random } from "../engine/random.ts";
import { mutateJson } from "./json.ts";
import { specialText } from "./special.ts";
import { mutateText } from "./text.ts";

/** Changes a form field by field; a field that holds JSON is changed as such. */
export function mutateForm(text: string, random: Random, words: readonly string[]): string {
  const fields = [...new URLSearchParams(text)];
  const at = random.below(fields.length);
  const [name, value] = fields[at] ?? ["", ""];
  switch (random.below(5)) {
    case 0:
      fields.splice(at, 1);
      break;
    case 1:
      fields.push([specialText(random), value]);
      break;
    case 2:
      fields.push([name, mutateText(value, random, words)]);
      break;
    default:
      fields[at] = [name, mutateJson(value, random, words) ?? mutateText(value, random, words)];
  }
  return new URLSearchParams(fields).toString();
}
