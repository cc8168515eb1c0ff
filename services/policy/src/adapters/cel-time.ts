import { create, fromJson } from "@bufbuild/protobuf";
import { timestampMs, TimestampSchema, type Timestamp } from "@bufbuild/protobuf/wkt";
import { celFunc, celMethod, CelScalar, objectType, type CelFunc } from "@bufbuild/cel";
import { LRUCache } from "lru-cache";

const { INT, STRING } = CelScalar;
const TIMESTAMP = objectType(TimestampSchema);
const DAY_MS = 86_400_000;

/** RFC 3339: the wall clock, and where it hangs. */
const MOMENT = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d{1,9})?(?:Z|[-+](?:[01]\d|2[0-3]):[0-5]\d)$/;
const FIRST_SECOND = -62_135_596_800n;
const LAST_SECOND = 253_402_300_799n;

/**
 * CEL's functions of moments. The library's own take February 30 for March 2 and a number for milliseconds, though a moment becomes one of seconds, and ask the clock of the
 * machine's timezone, where an hour may be missing.
 */
export const TIME_FUNCTIONS: CelFunc[] = [
  celFunc("timestamp", [STRING], TIMESTAMP, momentOf),
  celFunc("timestamp", [INT], TIMESTAMP, (seconds) => {
    if (seconds < FIRST_SECOND || seconds > LAST_SECOND) throw new Error("the moment is not between the years 1 and 9999");
    return create(TimestampSchema, { seconds });
  }),
  ...ofClock("getFullYear", (clock) => clock.getUTCFullYear()),
  ...ofClock("getMonth", (clock) => clock.getUTCMonth()),
  ...ofClock("getDate", (clock) => clock.getUTCDate()),
  ...ofClock("getDayOfMonth", (clock) => clock.getUTCDate() - 1),
  ...ofClock("getDayOfWeek", (clock) => clock.getUTCDay()),
  ...ofClock("getDayOfYear", (clock) => Math.floor((clock.getTime() - new Date(clock).setUTCMonth(0, 1)) / DAY_MS)),
  ...ofClock("getHours", (clock) => clock.getUTCHours()),
  ...ofClock("getMinutes", (clock) => clock.getUTCMinutes()),
  ...ofClock("getSeconds", (clock) => clock.getUTCSeconds()),
  ...ofClock("getMilliseconds", (clock) => clock.getUTCMilliseconds()),
];

function momentOf(text: string): Timestamp {
  const clock = MOMENT.exec(text)?.[1];
  // What JavaScript moves to the next day or month is no such moment.
  const moved = clock !== undefined && Date.parse(`${clock}Z`);
  if (typeof moved !== "number" || Number.isNaN(moved) || !new Date(moved).toISOString().startsWith(clock ?? ""))
    throw new Error("the text is no moment such as 2026-11-23T10:00:00Z");
  return fromJson(TimestampSchema, text);
}

function ofClock(name: string, read: (clock: Date) => number): CelFunc[] {
  return [
    celMethod(name, TIMESTAMP, [], INT, function () {
      return BigInt(read(new Date(timestampMs(this.message))));
    }),
    celMethod(name, TIMESTAMP, [STRING], INT, function (timezone) {
      return BigInt(read(wallClock(timestampMs(this.message), timezone)));
    }),
  ];
}

/** What the clocks there show, as if it were UTC. */
function wallClock(ms: number, timezone: string): Date {
  const [, sign, hours, minutes] = /^([-+]?)(\d\d):(\d\d)$/.exec(timezone) ?? [];
  if (hours !== undefined) return new Date(ms + (sign === "-" ? -60_000 : 60_000) * (Number(hours) * 60 + Number(minutes)));
  const parts = new Map(
    formatOf(timezone)
      .formatToParts(ms)
      .map(({ type, value }) => [type, Number(value)]),
  );
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? Number.NaN;
  const clock = new Date(0);
  clock.setUTCFullYear(part("year"), part("month") - 1, part("day"));
  clock.setUTCHours(part("hour"), part("minute"), part("second"), new Date(ms).getUTCMilliseconds());
  return clock;
}

const formats = new LRUCache<string, Intl.DateTimeFormat>({ max: 100 });

/** Kept, as one takes longer to make than a condition to run. @throws RangeError when there is no such timezone. */
function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone);
  if (known !== undefined) return known;
  const options = {
    timeZone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  } as const;
  const format = new Intl.DateTimeFormat("en-US", options);
  formats.set(timeZone, format);
  return format;
}
