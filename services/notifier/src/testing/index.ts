export { FakeSlack, type FakeMessage, type FakeSlackOptions } from "./fake-slack/fake-slack.ts";
export { FakeTeams, type FakeActivity } from "./fake-teams/fake-teams.ts";
export { FAULTS, type Fault } from "./faults.ts";
