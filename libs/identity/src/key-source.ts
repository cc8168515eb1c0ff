import { ATTRIBUTES, instruments } from "@countersign/telemetry";
import {
  type CryptoKey,
  createLocalJWKSet,
  createRemoteJWKSet,
  errors,
  type FlattenedJWSInput,
  type JWSHeaderParameters,
  type JWTVerifyGetKey,
} from "jose";
import { AuthenticationError } from "./authentication-error.ts";
import type { IssuerConfig } from "./issuer-config.ts";

type KeySourceOptions = {
  /** How soon an unknown key, or a fetch that failed, may make the key set be fetched again. */
  readonly cooldownMs: number;
  /** In milliseconds. */
  readonly now: () => number;
};

const FETCH_TIMEOUT_MS = 5000;
/** While there are no keys at all, nobody can call: try sooner. */
const LONGEST_RETRY_MS = 1000;

/** An issuer's public keys. */
export function keySource({ issuer, jwks }: IssuerConfig, options: KeySourceOptions): JWTVerifyGetKey {
  if ("keys" in jwks) return createLocalJWKSet({ keys: jwks.keys });
  const keys = new RemoteKeys(issuer, jwks, options);
  return (header, token) => keys.find(header, token);
}

/**
 * Keys at a URL. They are fetched when they are needed first, again in the background when they are `refreshAfter` old, and at once when a
 * token names one that is not among them. When they cannot be fetched, those that are there are used until they are `maxAge` old, and then
 * none: a key that was withdrawn meanwhile must not live on. However many tokens ask, there is one fetch at a time and one per cooldown.
 */
class RemoteKeys {
  readonly #issuer: string;
  readonly #ages: { readonly refreshAfter: number; readonly maxAge: number };
  readonly #options: KeySourceOptions;
  // When to fetch is decided here.
  readonly #remote: ReturnType<typeof createRemoteJWKSet>;
  #fetchedAt = -Infinity;
  #triedAt = -Infinity;
  #failure: unknown;
  #fetching: Promise<void> | undefined;

  constructor(
    issuer: string,
    jwks: { readonly url: string; readonly refreshAfter: number; readonly maxAge: number },
    options: KeySourceOptions,
  ) {
    this.#issuer = issuer;
    this.#ages = jwks;
    this.#options = options;
    for (const outcome of ["ok", "failed"] as const) this.#count(outcome, 0);
    this.#remote = createRemoteJWKSet(new URL(jwks.url), {
      cooldownDuration: Infinity,
      cacheMaxAge: Infinity,
      timeoutDuration: FETCH_TIMEOUT_MS,
    });
  }

  async find(header: JWSHeaderParameters, token: FlattenedJWSInput): Promise<CryptoKey> {
    const age = this.#since(this.#fetchedAt);
    if (age >= this.#ages.maxAge) await this.#fetch(LONGEST_RETRY_MS);
    else if (age >= this.#ages.refreshAfter) await this.#refresh(age);
    try {
      return await this.#remote(header, token);
    } catch (error) {
      const isSettled = this.#fetching === undefined && this.#failure === undefined && this.#cools();
      if (!(error instanceof errors.JWKSNoMatchingKey) || isSettled) throw error;
      await this.#fetch();
      return this.#remote(header, token);
    }
  }

  /**
   * In the background, unless nobody called for long: a key that was withdrawn meanwhile would be good for a first token. The first one waits then,
   * and nobody for an issuer that is down. Whoever needs a fresh set meets the failure later.
   */
  async #refresh(age: number): Promise<void> {
    const isLate = age >= 2 * this.#ages.refreshAfter && this.#failure === undefined;
    const refreshed = this.#fetch().catch(() => {});
    if (isLate) await refreshed;
  }

  #cools(longestMs = Infinity): boolean {
    return this.#since(this.#triedAt) < Math.min(this.#options.cooldownMs, longestMs);
  }

  /** What is to come was long ago: the clock was set back, and nobody knows how far. */
  #since(moment: number): number {
    const passed = this.#options.now() - moment;
    return passed < 0 ? Infinity : passed;
  }

  async #fetch(longestCooldownMs = Infinity): Promise<void> {
    if (this.#fetching === undefined && this.#failure !== undefined && this.#cools(longestCooldownMs)) throw this.#unreachable();
    this.#fetching ??= this.#load().finally(() => {
      this.#fetching = undefined;
    });
    await this.#fetching;
  }

  async #load(): Promise<void> {
    const startedAt = this.#options.now();
    this.#triedAt = startedAt;
    try {
      await this.#remote.reload();
      this.#fetchedAt = startedAt;
      this.#failure = undefined;
      this.#count("ok");
    } catch (error) {
      this.#failure = error;
      this.#count("failed");
      throw this.#unreachable();
    }
  }

  #count(outcome: "ok" | "failed", times = 1): void {
    instruments()?.jwksFetches.add(times, { [ATTRIBUTES.issuer]: this.#issuer, [ATTRIBUTES.outcome]: outcome });
  }

  #unreachable(): AuthenticationError {
    const message = `the keys of issuer ${this.#issuer} cannot be read at the moment`;
    return new AuthenticationError("ISSUER_UNREACHABLE", message, { cause: this.#failure });
  }
}
