import { create, type MessageInitShape } from "@bufbuild/protobuf";
import {
  GetLinkOfferResponseSchema,
  LinkAccountResponseSchema,
  type LinkAccountRequestSchema,
} from "@countersign/proto/v1/directory_service_pb";
import { describe, expect, it } from "vitest";
import { link } from "./link.ts";

const account = { channel: "slack", workspace: "T1", id: "U0MALLORY" };

function directory() {
  const linked: MessageInitShape<typeof LinkAccountRequestSchema>[] = [];
  return {
    linked,
    getLinkOffer: async () => create(GetLinkOfferResponseSchema, { account, displayName: "Ada\u202e (you)", workspaceName: "acme-corp" }),
    linkAccount: async (request: MessageInitShape<typeof LinkAccountRequestSchema>) => {
      linked.push(request);
      return create(LinkAccountResponseSchema, request.account === undefined ? {} : { account: request.account });
    },
  };
}

describe("countersign link", () => {
  it.each(["yes", " YES\n"])("shows whose account it is, and links it for who says %j", async (answer) => {
    const to = directory();
    let asked = "";
    const ask = async (question: string): Promise<string> => {
      asked = question;
      return answer;
    };
    expect((await link(to, { code: "7K2M", account: undefined, ask })).account).toMatchObject(account);
    for (const text of ["slack", "T1 (called: acme-corp)", "U0MALLORY (calls itself: Ada", "decides as you"]) expect(asked).toContain(text);
    expect(asked).not.toContain("\u202e");
    expect(to.linked).toMatchObject([{ code: "7K2M", account }]);
  });

  it.each(["", "y", "no"])("P3: links nothing for who says %j", async (answer) => {
    const to = directory();
    await expect(link(to, { code: "7K2M", account: undefined, ask: async () => answer })).rejects.toThrow("nothing was linked");
    expect(to.linked).toEqual([]);
  });

  it("P3: where nobody can be asked, links only an account that was named", async () => {
    const to = directory();
    await expect(link(to, { code: "7K2M", account: undefined, ask: undefined })).rejects.toThrow("--account slack:T1/U0MALLORY");
    expect(to.linked).toEqual([]);
    await link(to, { code: "7K2M", account: { ...account, id: "U1" }, ask: undefined });
    expect(to.linked).toEqual([{ code: "7K2M", account: { ...account, id: "U1" } }]);
  });
});
