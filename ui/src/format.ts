/** How numbers, sizes and times are written on every page. Pure functions, one spelling each. */

const noValue = '–';
/** Joins a number and its unit so that they are never broken over two lines. */
const gap = '\u202f';

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && !Number.isNaN(value);
}

/** Drops trailing zeros of a decimal fraction: `1.50` → `1.5`, `2.0` → `2`. */
function trimmed(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

/** A count: exact with grouping below ten thousand, three digits and an SI prefix above. */
export function count(value: number | null | undefined): string {
  if (!isNumber(value)) return noValue;
  const size = Math.abs(value);
  if (size < 10_000) return Number.isInteger(value) ? grouped(value) : trimmed(value.toFixed(size < 10 ? 2 : 1));
  const prefixes = ['k', 'M', 'G', 'T'];
  let scaled = value;
  let prefix = '';
  for (const each of prefixes) {
    if (Math.abs(scaled) < 999.5) break;
    scaled /= 1000;
    prefix = each;
  }
  return `${trimmed(scaled.toPrecision(3))}${gap}${prefix}`;
}

/** An exact integer with its thousands grouped. */
export function grouped(value: number | null | undefined): string {
  if (!isNumber(value)) return noValue;
  const [whole = '', fraction] = String(value).split('.');
  const text = whole.replace(/\B(?=(\d{3})+(?!\d))/g, ',');
  return fraction === undefined ? text : `${text}.${fraction}`;
}

/** A measured value to `digits` significant digits; text such as `NaN` passes through. */
export function measure(value: number | string | null | undefined, digits = 4): string {
  if (value === null || value === undefined) return noValue;
  if (typeof value === 'string') return value === 'Infinity' ? '∞' : value === '-Infinity' ? '−∞' : value;
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞';
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size >= 1e7 || size < 1e-4) return value.toExponential(Math.max(0, digits - 2)).replace(/\.?0+e/, 'e').replace('e+', 'e');
  if (Number.isInteger(value)) return grouped(value);
  if (size >= 10 ** digits) return grouped(Math.round(value));
  return trimmed(value.toPrecision(digits));
}

export function percent(share: number | null | undefined, digits = 1): string {
  if (!isNumber(share)) return noValue;
  const least = 10 ** -digits;
  // A share that is there must not read as none.
  if (share > 0 && share * 100 < least / 2) return `<${gap}${least}${gap}%`;
  return `${(share * 100).toFixed(digits)}${gap}%`;
}

export function bytes(value: number | null | undefined): string {
  if (!isNumber(value)) return noValue;
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let scaled = value;
  let unit = 0;
  while (scaled >= 999.5 && unit < units.length - 1) {
    scaled /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? scaled : trimmed(scaled.toPrecision(3))}${gap}${units[unit]}`;
}

/** A span of time given in milliseconds, in the unit a person would say. */
export function duration(ms: number | null | undefined): string {
  if (!isNumber(ms)) return noValue;
  if (ms < 0) return `−${duration(-ms)}`;
  if (ms === 0) return `0${gap}ms`;
  if (ms < 0.9995) return `${trimmed((ms * 1000).toPrecision(3))}${gap}µs`;
  if (ms < 999.5) return `${trimmed(ms.toPrecision(3))}${gap}ms`;
  if (ms < 59_950) return `${trimmed((ms / 1000).toFixed(1))}${gap}s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return parts(Math.floor(seconds / 60), 'min', seconds % 60, 's');
  const minutes = Math.round(seconds / 60);
  if (minutes < 1440) return parts(Math.floor(minutes / 60), 'h', minutes % 60, 'min');
  const hours = Math.round(minutes / 60);
  return parts(Math.floor(hours / 24), 'd', hours % 24, 'h');
}

function parts(large: number, largeUnit: string, small: number, smallUnit: string): string {
  const head = `${large}${gap}${largeUnit}`;
  return small === 0 ? head : `${head} ${small}${gap}${smallUnit}`;
}

/** How long ago an instant was, in one unit. */
export function relative(instant_ms: number, now_ms: number): string {
  const ago = now_ms - instant_ms;
  const seconds = Math.round(Math.abs(ago) / 1000);
  if (seconds < 5) return 'just now';
  const [amount, unit] =
    seconds < 60
      ? [seconds, 's']
      : seconds < 3600
        ? [Math.floor(seconds / 60), 'min']
        : seconds < 86_400
          ? [Math.floor(seconds / 3600), 'h']
          : [Math.floor(seconds / 86_400), 'd'];
  return ago >= 0 ? `${amount}${gap}${unit} ago` : `in ${amount}${gap}${unit}`;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}

/** `2001-04-03 14:05:09` in the reader's time zone. */
export function absolute(instant_ms: number): string {
  const d = new Date(instant_ms);
  return `${day(instant_ms)} ${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;
}

export function day(instant_ms: number): string {
  const d = new Date(instant_ms);
  return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}`;
}

/** An instant of the data's own time, which has no zone and is therefore written as UTC. */
export function eventTime(instant_ms: number): string {
  return new Date(instant_ms).toISOString().slice(0, 19).replace('T', ' ');
}

/** A window of event time: the days alone when it starts and ends on midnights. */
export function windowText(start_ms: number, end_ms: number): string {
  const wholeDays = start_ms % 86_400_000 === 0 && end_ms % 86_400_000 === 0;
  const first = eventTime(start_ms).slice(0, wholeDays ? 10 : 16);
  const last = wholeDays ? eventTime(end_ms - 1).slice(0, 10) : eventTime(end_ms).slice(0, 16);
  if (first === last) return first;
  return first.slice(0, 10) === last.slice(0, 10) ? `${first}–${last.slice(11)}` : `${first} – ${last}`;
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** A tick of a time axis, as fine as the step between ticks; the year where it begins. */
export function tick(instant_ms: number, step_ms: number, utc: boolean): string {
  const local = new Date(instant_ms);
  const d = utc ? local : new Date(instant_ms - local.getTimezoneOffset() * 60_000);
  const month = months[d.getUTCMonth()]!;
  if (step_ms >= 360 * 86_400_000) return String(d.getUTCFullYear());
  if (step_ms >= 28 * 86_400_000) return d.getUTCMonth() === 0 ? String(d.getUTCFullYear()) : month;
  if (step_ms >= 86_400_000) return `${d.getUTCDate()} ${month}`;
  const time = `${two(d.getUTCHours())}:${two(d.getUTCMinutes())}`;
  return step_ms >= 60_000 ? time : `${time}:${two(d.getUTCSeconds())}`;
}

/** A parameter, which is text: a fraction of many digits is rounded, all else stays as it was given. */
export function parameter(text: string | undefined): string {
  if (text === undefined) return noValue;
  return /^-?\d*\.\d{6,}(e-?\d+)?$/i.test(text) ? measure(Number(text)) : text;
}

/** Metric names with those first that tell most: of validation, then of test, of training last. */
export function byInterest(names: readonly string[]): string[] {
  const rank = (name: string) => (/val|eval/i.test(name) ? 0 : /test/i.test(name) ? 1 : /train/i.test(name) ? 3 : 2);
  return [...names].sort((a, b) => rank(a) - rank(b));
}

/** A parameter of a run that says when by its name, as UTC; any other value on one line. */
export function namedValue(key: string, value: unknown): string {
  const says = /(_ms|^until|^since|^from|^to)$/.test(key) && Number(value) > 1e11;
  return says ? eventTime(Number(value)) : inline(value);
}

/** Any JSON value on one line. */
export function inline(value: unknown): string {
  if (value === null || value === undefined) return noValue;
  if (typeof value === 'number') return measure(value);
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  if (Array.isArray(value)) return value.map(inline).join(', ');
  return JSON.stringify(value);
}

/** The head of a long hexadecimal id, enough to tell neighbours apart. */
export function shortId(id: string): string {
  return /^[0-9a-f-]{16,}$/i.test(id) ? id.slice(0, 8) : id;
}

/** `1 run`, `2 runs`. */
export function plural(amount: number, noun: string, many = `${noun}s`): string {
  return `${count(amount)} ${amount === 1 ? noun : many}`;
}
