import { describe, expect, it } from "vitest";
import { WEEKDAYS, type Hours } from "./document.ts";
import { hoursMatcher, isTimezone, parseTimeOfDay } from "./hours.ts";

const office: Hours = { timezone: "Europe/Berlin", days: ["mon", "tue"], from: 8 * 60, to: 18 * 60 };
const at = (hours: Hours, time: string) => hoursMatcher(hours)(Date.parse(time));

describe("hoursMatcher", () => {
  it.each([
    ["2026-11-23T06:59:59Z", false],
    ["2026-11-23T07:00:00Z", true],
    ["2026-11-23T16:59:59Z", true],
    ["2026-11-23T17:00:00Z", false],
    ["2026-11-25T10:00:00Z", false],
  ])("reads the wall clock of the timezone: %s is %s", (time, expected) => {
    expect(at(office, time)).toBe(expected);
  });

  it("follows daylight saving time", () => {
    expect(at(office, "2026-07-20T06:00:00Z")).toBe(true);
    expect(at(office, "2026-07-20T16:00:00Z")).toBe(false);
  });

  it("gives hours over midnight to the day they started on", () => {
    const night: Hours = { timezone: "UTC", days: ["fri"], from: 22 * 60, to: 6 * 60 };
    expect(at(night, "2026-11-20T21:59:59Z")).toBe(false);
    expect(at(night, "2026-11-20T22:00:00Z")).toBe(true);
    expect(at(night, "2026-11-21T05:59:00Z")).toBe(true);
    expect(at(night, "2026-11-21T06:00:00Z")).toBe(false);
    expect(at(night, "2026-11-20T05:00:00Z")).toBe(false);
    expect(at(night, "2026-11-21T22:30:00Z")).toBe(false);
  });

  it("covers the whole day from 00:00 to 24:00", () => {
    const always: Hours = { timezone: "Asia/Kathmandu", days: WEEKDAYS, from: 0, to: 1440 };
    const matcher = hoursMatcher(always);
    for (let minute = 0; minute < 3 * 1440; minute += 7) expect(matcher(Date.parse("2026-03-28T00:00:00Z") + minute * 60_000)).toBe(true);
  });

  it("answers the same whatever was asked before, also for another timezone", () => {
    const matcher = hoursMatcher(office);
    at({ ...office, timezone: "Asia/Tokyo" }, "2026-11-23T07:00:10Z");
    const times = ["2026-11-23T07:00:10Z", "2026-11-23T06:59:10Z", "2026-11-23T07:00:50Z", "2026-11-22T07:00:10Z"];
    expect(times.map((time) => matcher(Date.parse(time)))).toEqual(times.map((time) => at(office, time)));
  });
});

describe("parseTimeOfDay", () => {
  it.each([
    ["00:00", 0],
    ["08:30", 510],
    ["24:00", 1440],
  ])("%s is minute %s", (text, minute) => expect(parseTimeOfDay(text)).toBe(minute));
  it.each(["8:00", "24:01", "25:00", "12:60", "108:30", "08:301", "noon", ""])("refuses %s", (text) =>
    expect(parseTimeOfDay(text)).toBeUndefined(),
  );
});

describe("isTimezone", () => {
  it("knows IANA names only", () => {
    expect(["Europe/Berlin", "UTC", "America/Argentina/Ushuaia"].every(isTimezone)).toBe(true);
    expect(["Mars/Base", "", "Europe/Berlin; DROP", "+01:00", "-0130"].some(isTimezone)).toBe(false);
  });
});
