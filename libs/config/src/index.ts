export { parseYaml } from "./parse-yaml.ts";
export { ConfigError, readConfig } from "./read-config.ts";
export { readSettingFile } from "./read-setting-file.ts";
export { booleanSetting, durationSetting, portSetting } from "./settings.ts";
