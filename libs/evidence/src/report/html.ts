import { createHash } from "node:crypto";
import { visible } from "@countersign/review-view";

/** Markup that was put together here: everything that came from elsewhere in it is escaped. */
export type Html = { readonly html: string };

/** Text of others, as it can be shown: nothing hidden, nothing reordered, and nothing that a browser takes for markup. */
function escaped(text: string): string {
  if (PLAIN.test(text)) return text;
  const shown = visible(text).text;
  return MARKUP.test(shown) ? shown.replaceAll(EVERY_MARKUP, (character) => `&#${character.charCodeAt(0)};`) : shown;
}

/** Printable ASCII without markup: most of what there is. */
const PLAIN = /^[ !#$%(-;=?-_a-~]*$/;
const MARKUP = /[&<>"'`]/;
const EVERY_MARKUP = new RegExp(MARKUP.source, "g");

/** Markup with values in it (not called `html`: formatters rewrite templates of that name, and the hash of the style is of its exact text): strings and numbers are escaped, `Html` is taken as it is. */
export function fragment(strings: TemplateStringsArray, ...values: readonly (string | number | bigint | Html | readonly Html[])[]): Html {
  let html = strings[0] ?? "";
  let next = 1;
  for (const value of values) html += markup(value) + (strings[next++] ?? "");
  return { html };
}

function markup(value: string | number | bigint | Html | readonly Html[]): string {
  if (typeof value === "string") return escaped(value);
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  return "html" in value ? value.html : value.map((part) => part.html).join("\n");
}

const STYLE = `body{font:14px/1.5 system-ui,sans-serif;max-width:70em;margin:2em auto;padding:0 1em;color:#222}
h1{font-size:1.6em}h2{font-size:1.1em;margin-top:2em;border-top:1px solid #ccc;padding-top:1em;overflow-wrap:anywhere}
table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;padding:.2em .8em .2em 0;border-bottom:1px solid #eee;overflow-wrap:anywhere}
pre{background:#f6f6f6;padding:.6em;white-space:pre-wrap;overflow-wrap:anywhere}`;

/** The only style that the page may use, and nothing may run or be loaded: whatever slipped through could do nothing. */
const POLICY = `default-src 'none'; style-src 'sha256-${createHash("sha256").update(STYLE).digest("base64")}'; base-uri 'none'; form-action 'none'`;

/** A page that needs nothing but itself. */
export function page(title: string, body: readonly Html[]): Buffer {
  const head = fragment`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${{ html: POLICY }}">
<title>${title}</title>
<style>${{ html: STYLE }}</style>
</head>
<body>
<h1>${title}</h1>
${body}
</body>
</html>
`;
  return Buffer.from(head.html);
}
