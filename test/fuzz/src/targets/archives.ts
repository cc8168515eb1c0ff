import { EvidenceError, verifyArchive } from "@countersign/evidence";
import { joinTar, LOG_VKEY, sampleArchive, sampleLog, splitTar, streamOf, witnessKey } from "@countersign/evidence/testing";
import { formatVerifierKey, parsePolicy, parseVerifierKey } from "@countersign/tlog";
import { must, type Target } from "../engine/target.ts";

/** Which member is to be changed, and the bytes that it gets: what is around it fits again afterwards. */
const MARK = "member ";

async function prepare() {
  const log = await sampleLog({ actions: 3, reviewEvery: 2, hostile: "<script>=1+1" });
  const { bytes } = await sampleArchive(log, { to: 3, segmentEntries: 8 });
  const members = splitTar(bytes);
  const witnessed = `log ${LOG_VKEY}\nwitness w ${formatVerifierKey(witnessKey.verifier)}\nquorum w\n`;
  const trust = { keys: [parseVerifierKey(LOG_VKEY)], policy: parsePolicy(Buffer.from(witnessed)) };
  return { bytes, members, verify: (archive: Uint8Array) => verifyArchive(streamOf([archive]), trust) };
}

/** Evidence archives, as an auditor gets them from whoever: the container as it is. */
export const archives: Target = {
  name: "archives",
  kind: "bytes",
  refusals: [],
  quick: 20,
  prepare: async () => {
    const { bytes, verify } = await prepare();
    return {
      seeds: [bytes],
      run: async (input) => {
        const { flaws, digest } = await verify(input);
        must(bytes.equals(input) === (flaws.count === 0), "an archive that was changed passes, or one that was not does not");
        return JSON.stringify([flaws.listed, digest]);
      },
    };
  },
};

/** The same with care: one member changed, headers and manifest made to fit. */
export const archiveMembers: Target = {
  name: "archive-members",
  kind: "bytes",
  refusals: [EvidenceError],
  quick: 20,
  prepare: async () => {
    const { members, verify } = await prepare();
    return {
      seeds: members.map(({ name, body }) => Buffer.concat([Buffer.from(`${MARK}${name}\n`), body])),
      run: async (input) => {
        const end = input.indexOf(0x0a);
        const name = Buffer.from(input.subarray(MARK.length, end)).toString("latin1");
        const body = Buffer.from(input.subarray(end + 1));
        if (end === -1 || !members.some((member) => member.name === name)) return undefined;
        const { flaws } = await verify(joinTar(members.map((member) => (member.name === name ? { name, body } : member))));
        return JSON.stringify(flaws.listed);
      },
    };
  },
};
