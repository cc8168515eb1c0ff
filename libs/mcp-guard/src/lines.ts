import type { Readable } from "node:stream";

/**
 * Calls `take` with each line of a UTF-8 stream, without its end, also with a last one that has none; not with empty ones. A line ends with a line feed and nothing else: JSON may hold
 * U+2028, where `node:readline` ends one, too. Resolves when the stream ends or is destroyed.
 */
export async function eachLine(stream: Readable, take: (line: string) => void): Promise<void> {
  // Joined once a line is whole: joined with each chunk, a long one would take time by the square of its length.
  let begun: string[] = [];
  const end = () => {
    const line = begun.join("");
    begun = [];
    if (line.trim() !== "") take(line);
  };
  stream.setEncoding("utf8");
  stream.on("data", (chunk: string) => {
    const [first = "", ...others] = chunk.split("\n");
    begun.push(first);
    for (const other of others) {
      end();
      begun.push(other);
    }
  });
  await new Promise<void>((resolve) =>
    stream
      .once("close", resolve)
      .once("end", resolve)
      .once("error", () => resolve()),
  );
  end();
}
