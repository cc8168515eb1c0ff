import { WEEKDAYS, type Hours, type Weekday } from "./document.ts";

const MINUTE_MS = 60_000;

/** Tells whether a moment falls into the hours, on the wall clock of their timezone (so daylight saving is followed). */
export function hoursMatcher(hours: Hours): (timeMs: number) => boolean {
  const wallClock = wallClockOf(hours.timezone);
  const days = new Set(hours.days);
  return (timeMs) => {
    const { day, minute } = wallClock(timeMs);
    if (hours.from < hours.to) return days.has(day) && minute >= hours.from && minute < hours.to;
    return (days.has(day) && minute >= hours.from) || (days.has(dayBefore(day)) && minute < hours.to);
  };
}

/** `08:30` in minutes since midnight, `24:00` for the end of the day; undefined when it is no time of day. */
export function parseTimeOfDay(text: string): number | undefined {
  const [, hour, minute] = /^([01]\d|2[0-4]):([0-5]\d)$/.exec(text) ?? [];
  if (hour === undefined || minute === undefined) return undefined;
  const minutes = Number(hour) * 60 + Number(minute);
  return minutes <= 1440 ? minutes : undefined;
}

/** An IANA name; an offset, of which there are thousands, is none. */
export function isTimezone(name: string): boolean {
  if (!/^[a-z]/i.test(name)) return false;
  try {
    wallClockOf(name);
    return true;
  } catch {
    return false;
  }
}

type WallTime = { readonly day: Weekday; readonly minute: number };

type WallClock = (timeMs: number) => WallTime;

/** One for each timezone that there is: measured, each takes 36 KB. */
const wallClocks = new Map<string, WallClock>();

function wallClockOf(timezone: string): WallClock {
  // However it is spelt.
  const name = timezone.toLowerCase();
  const known = wallClocks.get(name);
  if (known !== undefined) return known;
  const clock = createWallClock(timezone);
  wallClocks.set(name, clock);
  return clock;
}

/** Formatting costs microseconds and many rules share a moment: the last minute is kept. */
function createWallClock(timezone: string): WallClock {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone: timezone,
    weekday: "short",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  });
  let lastMinute = Number.NaN;
  let last: WallTime = { day: "mon", minute: 0 };
  return (timeMs) => {
    const minute = Math.floor(timeMs / MINUTE_MS);
    if (minute !== lastMinute) {
      last = readWallTime(format, timeMs);
      lastMinute = minute;
    }
    return last;
  };
}

function readWallTime(format: Intl.DateTimeFormat, timeMs: number): WallTime {
  const parts = Object.fromEntries(format.formatToParts(timeMs).map((part) => [part.type, part.value]));
  const day = WEEKDAYS.find((weekday) => weekday === parts["weekday"]?.toLowerCase());
  if (day === undefined) throw new Error(`no weekday in ${JSON.stringify(parts)}`);
  return { day, minute: Number(parts["hour"]) * 60 + Number(parts["minute"]) };
}

function dayBefore(day: Weekday): Weekday {
  return WEEKDAYS[(WEEKDAYS.indexOf(day) + 6) % 7] ?? day;
}
