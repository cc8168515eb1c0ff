import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { EventLog } from "@countersign/event-log";
import * as wire from "@countersign/proto/internal/v1/directory_pb";
import * as api from "@countersign/proto/v1/directory_service_pb";
import { PrincipalType, SignInStrength } from "@countersign/proto/v1/principal_pb";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { adaAndBob, asking, NOON } from "../../testing/ada-and-bob.ts";
import { human, type RunningTestDirectory } from "../../testing/running-directory.ts";

let now = NOON;
let log: EventLog;
let directory: RunningTestDirectory;
let ada: string;

beforeEach(async () => {
  now = NOON;
  ({ log, directory, ada } = await adaAndBob(() => now));
});
afterEach(() => directory.close());

const { later, offer, link, look } = asking(
  () => directory,
  () => now,
);

describe("linking an account", () => {
  const account = { channel: "slack", workspace: "T1", id: "U1" };
  const owner = () => directory.people.resolvePerson("acme", { account }, now);

  it("works once, for whoever brings the code, and can be undone", async () => {
    const { code } = await offer("U1");
    expect(code).toMatch(/^([0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}$/);
    expect((await link(` ${code.toLowerCase()} `)).account).toMatchObject(account);
    expect(await owner()).toMatchObject({ person: { id: ada } });
    // A reply that was lost: the same person may ask again, nobody else may.
    expect((await link(code)).account).toMatchObject(account);
    await expect(link(code, human("bob"))).rejects.toMatchObject({ code: "FAILED_PRECONDITION", reason: "LINK_CODE_USED" });
    await expect(look(code, human("bob"))).rejects.toMatchObject({ code: "FAILED_PRECONDITION", reason: "LINK_CODE_USED" });
    await directory.send("UnlinkAccount", [api.UnlinkAccountRequestSchema, api.UnlinkAccountResponseSchema], { account }, human("ada"));
    expect(await owner()).toEqual({ managed: true, person: undefined });
    await expect(link(code)).rejects.toMatchObject({ reason: "LINK_CODE_USED" });
  });

  it("P3: shows whose account a code links before it does, and links no other: a code that somebody else sent is not taken unseen", async () => {
    const { code } = await offer("U0MALLORY");
    expect(await look(code.toLowerCase())).toMatchObject({
      account: { ...account, id: "U0MALLORY" },
      displayName: "ada.l",
      workspaceName: "acme-corp",
      expireTime: timestampFromDate(later(10 * 60_000)),
    });
    const mismatch = { code: "FAILED_PRECONDITION", reason: "LINK_ACCOUNT_MISMATCH" };
    await expect(link(code, human("ada"), "U1")).rejects.toMatchObject(mismatch);
    const message = [api.LinkAccountRequestSchema, api.LinkAccountResponseSchema] as const;
    await expect(directory.send("LinkAccount", message, { code }, human("ada"))).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    await link(code, human("ada"), "U0MALLORY");
    await expect(link(code, human("ada"), "U1")).rejects.toMatchObject(mismatch);
  });

  it("P3: makes nobody on call: who somebody is at PagerDuty, only the identity provider says", async () => {
    const offered = [wire.OfferLinkRequestSchema, wire.OfferLinkResponseSchema] as const;
    const pager = { channel: "pagerduty", workspace: "acme", id: "PX" };
    const notifier = { tenant: "acme", type: PrincipalType.SERVICE, issuer: "countersign", id: "notifier" };
    await expect(directory.send("OfferLink", offered, { account: pager }, notifier)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  it("what a channel calls an account stands in the log only as the code's holder can read it", async () => {
    const { code } = await offer("U1");
    const events = await log.readStream({ tenant: "acme", type: "directory", id: "default" });
    const entry = Buffer.from(events.at(-1)?.data ?? []).toString("latin1");
    expect(events.at(-1)?.type).toBe("LinkOffered");
    expect(entry).toContain("U1");
    for (const secret of ["ada.l", "acme-corp", code]) expect(entry).not.toContain(secret);
  });

  it.each([SignInStrength.UNSPECIFIED, SignInStrength.CHAT])(
    "P3: asks for a signed-in session, and strength %i is none",
    async (signIn) => {
      const { code } = await offer("U1");
      const weak = { code: "PERMISSION_DENIED", reason: "SIGN_IN_TOO_WEAK" };
      await expect(look(code, human("ada", { signIn }))).rejects.toMatchObject(weak);
      await expect(link(code, human("ada", { signIn }))).rejects.toMatchObject(weak);
      expect(await owner()).toEqual({ managed: true, person: undefined });
    },
  );

  it("P3: an account is one person's", async () => {
    const [one, two] = [await offer("U1"), await offer("U1")];
    await link(one.code);
    await expect(look(two.code, human("bob"))).rejects.toMatchObject({ code: "FAILED_PRECONDITION", reason: "ALREADY_LINKED" });
    await expect(link(two.code, human("bob"))).rejects.toMatchObject({ code: "FAILED_PRECONDITION", reason: "ALREADY_LINKED" });
    expect(await owner()).toMatchObject({ person: { id: ada } });
  });

  it("P8: a code of another tenant is no code", async () => {
    const { code } = await offer("U1", { tenant: "other", type: PrincipalType.SERVICE, issuer: "countersign", id: "notifier" });
    await expect(look(code)).rejects.toMatchObject({ reason: "LINK_CODE_INVALID" });
    await expect(link(code)).rejects.toMatchObject({ reason: "LINK_CODE_INVALID" });
  });

  it("is refused after ten minutes, with a wrong code, and when codes were asked for too often", async () => {
    const { code } = await offer("U1");
    await expect(link("0000-0000-0000-0000")).rejects.toMatchObject({ reason: "LINK_CODE_INVALID" });
    await expect(look("0000-0000-0000-0000")).rejects.toMatchObject({ reason: "LINK_CODE_INVALID" });
    await offer("U1");
    await offer("U1");
    await expect(offer("U1")).rejects.toMatchObject({ code: "RESOURCE_EXHAUSTED" });
    now = later(10 * 60_000);
    await expect(look(code)).rejects.toMatchObject({ reason: "LINK_CODE_EXPIRED" });
    await expect(link(code)).rejects.toMatchObject({ reason: "LINK_CODE_EXPIRED" });
  });

  it("only services ask for codes", async () => {
    await expect(offer("U1", human("ada"))).rejects.toMatchObject({ code: "PERMISSION_DENIED" });
  });
});
