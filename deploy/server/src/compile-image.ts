import { compile } from "./compile.ts";

// A step of the image's build: node deploy/server/src/compile-image.ts FOLDER
const [folder] = process.argv.slice(2);
if (folder === undefined) {
  process.stderr.write("Which folder? node deploy/server/src/compile-image.ts FOLDER\n");
  process.exit(1);
}
compile(folder);
