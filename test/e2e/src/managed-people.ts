const OWN = "urn:ietf:params:scim:schemas:extension:countersign:2.0:User";

/** A tenant's people and groups, as its identity provider keeps them over SCIM. */
export class ManagedPeople {
  /** Of who was made here, by name. */
  readonly ids = new Map<string, string>();
  readonly #url: string;
  readonly #token: string;

  constructor(url: string, token: string) {
    this.#url = url;
    this.#token = token;
  }

  async scim(method: string, path: string, body: object): Promise<Record<string, unknown>> {
    const headers = { authorization: `Bearer ${this.#token}`, "content-type": "application/scim+json" };
    const response = await fetch(`${this.#url}${path}`, { method, headers, body: JSON.stringify(body) });
    const text = await response.text();
    if (!response.ok) throw new Error(`SCIM answered ${response.status}: ${text}`);
    return text === "" ? {} : (JSON.parse(text) as Record<string, unknown>);
  }

  change(path: string, ...operations: readonly object[]): Promise<unknown> {
    return this.scim("PATCH", path, { schemas: ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], Operations: operations });
  }

  /** @param own members of our own schema */
  async user(userName: string, own: object = {}, displayName?: string): Promise<string> {
    const schemas = ["urn:ietf:params:scim:schemas:core:2.0:User", OWN];
    return this.#made(
      userName,
      await this.scim("POST", "/Users", { schemas, userName, displayName, externalId: aliasOf(userName), active: true, [OWN]: own }),
    );
  }

  async group(displayName: string, members: readonly string[]): Promise<string> {
    const schemas = ["urn:ietf:params:scim:schemas:core:2.0:Group"];
    const value = (name: string) => ({ value: this.ids.get(name) });
    return this.#made(displayName, await this.scim("POST", "/Groups", { schemas, displayName, members: members.map(value) }));
  }

  #made(name: string, { id }: Record<string, unknown>): string {
    this.ids.set(name, String(id));
    return String(id);
  }
}

/** By which another provider's tokens name the same human. */
export function aliasOf(userName: string): string {
  return `staff-${userName}`;
}
