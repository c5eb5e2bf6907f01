/** Instants for the screen, in the reader's own time zone. An instant that cannot be read shows as it came. */

function two(value: number): string {
  return value.toString().padStart(2, '0');
}

/** `14:03:22`. */
export function clockTime(iso: string): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return iso.slice(0, 24);
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** `23 Nov 14:03:22`, or only the time when it is today. */
export function dayAndTime(iso: string, now: number): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return iso.slice(0, 24);
  if (date.toDateString() === new Date(now).toDateString()) return clockTime(iso);
  const month = date.toLocaleString('en', { month: 'short' });
  return `${date.getDate().toString()} ${month} ${clockTime(iso)}`;
}
