const ERROR_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:Error";

/** RFC 7644, table 9. */
type ScimType = "invalidFilter" | "uniqueness" | "mutability" | "invalidSyntax" | "invalidPath" | "noTarget" | "invalidValue";

/** A refusal in the form of RFC 7644, 3.12. */
export class ScimError extends Error {
  override readonly name = "ScimError";
  readonly status: number;
  readonly scimType: ScimType | undefined;

  constructor(status: number, detail: string, scimType?: ScimType) {
    super(detail);
    this.status = status;
    this.scimType = scimType;
  }

  toBody(): object {
    const scimType = this.scimType === undefined ? {} : { scimType: this.scimType };
    return { schemas: [ERROR_SCHEMA], status: String(this.status), ...scimType, detail: this.message };
  }
}

export function badValue(attribute: string, problem: string): ScimError {
  return new ScimError(400, `${attribute} ${problem}`, "invalidValue");
}
