export { logKey, LOG_VKEY, sampleArchive, streamOf, witnessKey, type Sample, type SampleExport } from "./testing/sample-archive.ts";
export {
  event,
  grantKey,
  playAgain,
  playOtherStreams,
  playSample,
  sampleLog,
  signVote,
  START,
  STEP,
  type SampleOptions,
} from "./testing/sample-log.ts";
export { splitTar, joinTar, type TarMember } from "./testing/tar-members.ts";
