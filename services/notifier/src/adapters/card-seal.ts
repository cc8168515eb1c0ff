import { createHmac, hkdfSync, timingSafeEqual } from "node:crypto";
import { z } from "zod";
import type { ShownCard } from "../usecases/answer.ts";

const shape = z.tuple([
  z.string(),
  z.string(),
  z.string(),
  z.string().regex(/^[0-9a-f]{64}$/),
  z.int().positive(),
  z.string().regex(/^[0-9a-f]{64}$/),
]);

/** Puts what a message shows into one opaque string of the message, and reads it back only if it is unchanged. */
export type CardSeal = {
  seal(card: ShownCard): string;
  /** Undefined for anything that this app did not seal. */
  open(text: unknown): ShownCard | undefined;
};

/** @param secret one that only this app and its chat service know; the sealing key is derived from it. */
export function cardSeal(secret: string): CardSeal {
  const key = Buffer.from(hkdfSync("sha256", secret, "", "countersign card v1", 32));
  const macOf = (payload: string): Buffer => createHmac("sha256", key).update(payload).digest();
  return {
    seal: ({ channel, tenant, actionId, digest, version, shownDigest }) => {
      const payload = Buffer.from(JSON.stringify([channel, tenant, actionId, digest, version, shownDigest])).toString("base64url");
      return `${payload}.${macOf(payload).toString("base64url")}`;
    },
    open: (text) => {
      if (typeof text !== "string" || text.length > 2000) return undefined;
      const [payload = "", mac = "", ...rest] = text.split(".");
      const given = Buffer.from(mac, "base64url");
      const wanted = macOf(payload);
      if (rest.length > 0 || given.length !== wanted.length || !timingSafeEqual(given, wanted)) return undefined;
      const [channel, tenant, actionId, digest, version, shownDigest] = shape.parse(
        JSON.parse(Buffer.from(payload, "base64url").toString("utf8")),
      );
      return { channel, tenant, actionId, digest, version, shownDigest };
    },
  };
}
