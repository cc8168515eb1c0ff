export { actionDigest, type DigestInput } from "./action-digest.ts";
export { canonicalJson, isObjectLiteral, type JsonObject, type JsonValue } from "./canonical-json.ts";
export { MAX_JSON_BYTES, jsonBytes, jsonFlaws, sizeFlaw, type JsonFlaw } from "./json-flaws.ts";
export { contentDigest, isContentOf, newSalt } from "./content.ts";
