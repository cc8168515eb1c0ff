import { createHmac, hkdfSync, timingSafeEqual } from "node:crypto";
import { z } from "zod";

const shape = z.tuple([z.string(), z.string(), z.string(), z.int()]);

/** What a link leads to: one review, for one person if it names one. It decides nothing and is worth nothing without a sign-in. */
export type ReviewLink = {
  readonly tenant: string;
  readonly actionId: string;
  /** Whom it was sent to, by id in the directory; empty: whoever may see the review. */
  readonly personId: string;
};

export type ReviewLinks = {
  /** The address of the review's page. */
  urlOf(link: ReviewLink): string;
  /** Undefined for anything that was not signed here, and for links that are too old. */
  open(text: string): ReviewLink | undefined;
};

/** Reviews are long over by then. */
const DAYS = 30;

/** Links to the page, signed for this purpose alone. @param base public address of the page, without a slash at its end. */
export function reviewLinks(base: string, secret: string, clock: () => Date): ReviewLinks {
  const key = Buffer.from(hkdfSync("sha256", secret, "", "countersign review link v1", 32));
  const macOf = (payload: string): Buffer => createHmac("sha256", key).update(payload).digest();
  const nowSeconds = (): number => Math.floor(clock().getTime() / 1000);
  return {
    urlOf: ({ tenant, actionId, personId }) => {
      const until = nowSeconds() + DAYS * 86_400;
      const payload = Buffer.from(JSON.stringify([tenant, actionId, personId, until])).toString("base64url");
      return `${base}/review?link=${payload}.${macOf(payload).toString("base64url")}`;
    },
    open: (text) => {
      const [payload = "", mac = "", ...rest] = text.length > 2000 ? [] : text.split(".");
      const given = Buffer.from(mac, "base64url");
      const wanted = macOf(payload);
      if (rest.length > 0 || given.length !== wanted.length || !timingSafeEqual(given, wanted)) return undefined;
      const [tenant, actionId, personId, until] = shape.parse(JSON.parse(Buffer.from(payload, "base64url").toString("utf8")));
      return until > nowSeconds() ? { tenant, actionId, personId } : undefined;
    },
  };
}
