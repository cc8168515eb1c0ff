// What a person takes in memory: `node --expose-gc services/directory/bench/memory.ts [people] [groups of each]`. Folds a directory from events, as a start does, without a log.
import { Directory } from "../src/domain/directory.ts";
import { evolve } from "../src/domain/evolve.ts";
import { NO_PROFILE } from "../src/domain/profile.ts";

const people = Number(process.argv[2] ?? 100_000);
const groupsOfEach = Number(process.argv[3] ?? 10);
const GROUPS = 1000;

function heap(): number {
  if (globalThis.gc === undefined) throw new Error("start it with --expose-gc");
  for (let round = 0; round < 3; round += 1) globalThis.gc();
  return process.memoryUsage().heapUsed;
}

/** A text of its own, as one that was read: not made of parts that are shared. */
const text = (value: string): string => Buffer.from(value).toString();

const start = heap();
const directory = new Directory();
for (let index = 0; index < people; index += 1) {
  const userName = text(`given.family${index}@acme.example`);
  const profile = {
    ...NO_PROFILE,
    userName,
    externalId: text(`00u1a2b3c4d5e6f${index}`),
    displayName: text(`Given Family ${index}`),
    givenName: text(`Given${index}`),
    familyName: text(`Family${index}`),
    department: text(`Department ${index % 50}`),
    emails: [{ value: text(userName), type: text("work"), primary: true }],
    accounts: [{ channel: "slack", workspace: text("T012AB3CD"), id: text(`U${index}`) }],
  };
  evolve(directory, { type: "PersonProvisioned", personId: idOf(index), profile, active: true, cause: "scim" }, 0);
}
const withPeople = heap();
for (let index = 0; index < GROUPS; index += 1) {
  const groupId = text(`018f0000-0000-7000-9000-${String(index).padStart(12, "0")}`);
  evolve(directory, { type: "GroupChanged", groupId, name: text(`group-${index}`), externalId: "", cause: "scim" }, 0);
  const added = Array.from({ length: (people * groupsOfEach) / GROUPS }, (_, member) => idOf((index * 37 + member * 101) % people));
  evolve(directory, { type: "MembersChanged", groupId, added, removed: [], cause: "scim" }, 0);
}
const withGroups = heap();
const each = (bytes: number, count: number): string => (bytes / count / 1000).toFixed(2);
process.stdout.write(
  `${people} people: ${each(withPeople - start, people)} KB each, ${Math.round(directory.characters / people)} characters of profile; ` +
    `${directory.memberships} memberships: ${each(withGroups - withPeople, directory.memberships)} KB each; in all ${Math.round((withGroups - start) / 1e6)} MB\n`,
);

function idOf(index: number): string {
  return text(`018f0000-0000-7000-8000-${String(index).padStart(12, "0")}`);
}
