export { actionDigest, type DigestInput } from "./action-digest.ts";
export { canonicalJson, isObjectLiteral, type JsonObject, type JsonValue } from "./canonical-json.ts";
export { contentDigest, isContentOf, newSalt } from "./content.ts";
