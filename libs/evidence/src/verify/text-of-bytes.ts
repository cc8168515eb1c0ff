/** Whether the text of bytes stands at `at`. A hash comes fastest as such a text. */
export function isText(text: string, bytes: Uint8Array, at = 0): boolean {
  for (let index = 0; index < text.length; index += 1) if (text.charCodeAt(index) !== bytes[at + index]) return false;
  return true;
}
