export { FakeSlack, type FakeSlackOptions } from "./fake-slack/fake-slack.ts";
export type { FakeMessage } from "./fake-slack/payloads.ts";
export { FakeTeams, type FakeActivity } from "./fake-teams/fake-teams.ts";
export { FAULTS, type Fault } from "./faults.ts";
