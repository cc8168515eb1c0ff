export { parsePolicyCases, type CaseInput, type PolicyCases } from "./parse-policy-cases.ts";
export { type Answer, type Unexpected, unexpectedIn } from "./unexpected.ts";
