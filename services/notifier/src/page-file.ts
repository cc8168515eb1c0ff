import { z } from "zod";
import { secret } from "./channel-fields.ts";

const LOOPBACK = /^http:\/\/(127\.0\.0\.1|\[::1\]|localhost)(:\d{1,5})?$/;

/** Where people open a review, sign in and decide. */
export const page = z.strictObject({
  /** Public address, without a path. */
  url: z
    .string()
    .max(500)
    .regex(/^https?:\/\/[^\s/?#]+$/, "must be an address without a path, for example https://countersign.example.com")
    .refine((url) => url.startsWith("https://") || LOOPBACK.test(url), "must be https"),
  /** Signs links and forms. Whoever has it can make links, and decides nothing by them. */
  secret: secret.min(32, "has less than 32 characters"),
  /** One client for each issuer; the issuer itself, and what its claims mean, is one of COUNTERSIGN_ISSUERS. */
  sign_in: z
    .array(
      z.strictObject({
        issuer: z.url().refine((url) => url.startsWith("https://") || LOOPBACK.test(URL.parse(url)?.origin ?? ""), "must be https"),
        /** Of the links whose people sign in there. A tenant has one. */
        tenants: z.array(z.string().min(1)).min(1),
        client_id: z.string().min(1).max(512),
        client_secret: secret.optional(),
        scope: z.string().max(500).default("openid"),
        /** What is asked of the issuer when policy wants more than a session. */
        step_up_acr: z.string().max(500).optional(),
      }),
    )
    .min(1)
    .refine((entries) => {
      const tenants = entries.flatMap((entry) => entry.tenants);
      return new Set(tenants).size === tenants.length;
    }, "names a tenant twice"),
});

export type PageConfig = z.output<typeof page>;
export type SignInConfig = PageConfig["sign_in"][number];
