export { actionDigest, type DigestInput } from "./action-digest.ts";
export { canonicalJson, isObjectLiteral, type JsonObject, type JsonValue } from "./canonical-json.ts";
export { contentDigest, newSalt } from "./content.ts";
