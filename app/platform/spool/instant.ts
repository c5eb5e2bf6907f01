/**
 * The one form in which events say when: `2026-03-01T10:00:00.000Z`, from 1970 on. One form only, so that the order of
 * texts is the order of times, and a time that is kept as a number gives the text back that it came from.
 */
const dayLength = 10;
const timePattern = /^T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z$/;

/** Most instants are of the day of the one before. */
let knownDay = '';
let knownDayMs = Number.NaN;

function dayMs(day: string): number {
  if (day === knownDay) return knownDayMs;
  const start = Date.parse(`${day}T00:00:00.000Z`);
  // Not every day that a calendar could be read to mean is one: no 30th of February.
  const isDay = start >= 0 && new Date(start).toISOString().startsWith(`${day}T`);
  knownDay = day;
  knownDayMs = isDay ? start : Number.NaN;
  return knownDayMs;
}

/** Milliseconds since 1970; NaN where the text is not of the form. */
export function instantMs(text: string): number {
  const time = text.slice(dayLength);
  if (!timePattern.test(time)) return Number.NaN;
  const two = (at: number): number => (time.charCodeAt(at) - 48) * 10 + time.charCodeAt(at + 1) - 48;
  const seconds = (two(1) * 60 + two(4)) * 60 + two(7);
  return dayMs(text.slice(0, dayLength)) + seconds * 1000 + two(10) * 10 + time.charCodeAt(12) - 48;
}
