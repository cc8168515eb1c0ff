export { startDirectory, type DirectoryDeps, type RunningDirectory } from "./app.ts";
export { readDirectoryConfig, type DirectoryConfig } from "./config.ts";
