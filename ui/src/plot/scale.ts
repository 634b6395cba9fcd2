/** Maps values to pixels and says where the ticks of an axis stand. */
import { duration, measure, tick as timeTick } from '../format';

export type Span = [number, number];
export type ScaleKind = 'linear' | 'log' | 'time' | 'duration' | 'names';

export interface Tick {
  at: number;
  label: string;
}

export interface Scale {
  kind: ScaleKind;
  domain: Span;
  /** Pixel of a value; NaN where the scale has none (zero and below on a log scale). */
  to: (value: number) => number;
  /** Value of a pixel. */
  from: (pixel: number) => number;
  ticks: readonly Tick[];
}

/** The least round step (1, 2 or 5 times a power of ten) that makes at most `most` intervals. */
export function niceStep(length: number, most: number): number {
  const rough = length / Math.max(1, most);
  const power = 10 ** Math.floor(Math.log10(rough));
  for (const factor of [1, 2, 5]) if (factor * power >= rough * (1 - 1e-9)) return factor * power;
  return 10 * power;
}

function linearTicks([low, high]: Span, most: number): number[] {
  const step = niceStep(high - low, most);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => (first + i) * step);
}

/** As many decimals as tell neighbouring ticks apart. */
function tickText(value: number, step: number): string {
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e7 || step < 1e-6)) return value.toExponential(Math.max(0, Math.min(6, Math.floor(Math.log10(size / step))))).replace('e+', 'e');
  const decimals = Math.max(0, Math.min(8, -Math.floor(Math.log10(step) + 1e-9)));
  const text = value.toFixed(decimals);
  return Number(text) === 0 ? '0' : text.replace(/^-/, '−').replace(/\B(?=(\d{3})+(?!\d)(?!.*\.))/g, decimals === 0 ? ',' : '');
}

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
const timeSteps = [1, 2, 5, 10, 20, 50, 100, 200, 500, second, 2 * second, 5 * second, 10 * second, 15 * second, 30 * second, minute, 2 * minute, 5 * minute, 10 * minute, 15 * minute, 30 * minute, hour, 2 * hour, 3 * hour, 6 * hour, 12 * hour, day, 2 * day, 7 * day, 14 * day, 30 * day, 90 * day, 365 * day];

function timeStep(length: number, most: number): number {
  return timeSteps.find((step) => length / step <= most) ?? niceStep(length / (365 * day), most) * 365 * day;
}

function timeTicks(domain: Span, most: number, instants: boolean): Tick[] {
  const step = timeStep(domain[1] - domain[0], most);
  // Ticks of instants stand on round times of the reader's zone.
  const shift = instants ? new Date(domain[0]).getTimezoneOffset() * minute : 0;
  const first = Math.ceil((domain[0] - shift) / step);
  const last = Math.floor((domain[1] - shift) / step);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => {
    const at = (first + i) * step + shift;
    return { at, label: instants ? timeTick(at, step, false) : duration(at) };
  });
}

function logTicks([low, high]: Span, most: number): Tick[] {
  const first = Math.floor(Math.log10(low));
  const last = Math.ceil(Math.log10(high));
  const every = Math.max(1, Math.ceil((last - first) / Math.max(1, most)));
  const factors = last - first <= 1 ? [1, 2, 3, 5, 7] : last - first <= 3 ? [1, 2, 5] : [1];
  const ticks: Tick[] = [];
  for (let power = first; power <= last; power += every) {
    for (const factor of factors) {
      const at = factor * 10 ** power;
      if (at >= low * (1 - 1e-9) && at <= high * (1 + 1e-9)) ticks.push({ at, label: measure(at, 3) });
    }
  }
  return ticks;
}

/** A domain that can be divided: empty ones get room around their one value. */
export function openDomain([low, high]: Span, kind: ScaleKind): Span {
  if (!Number.isFinite(low) || !Number.isFinite(high)) return kind === 'log' ? [0.1, 1] : [0, 1];
  if (high > low) return [low, high];
  if (kind === 'log') return [low / 2, low * 2];
  const room = kind === 'time' || kind === 'duration' ? second : Math.abs(low) * 0.05 || 0.5;
  return [low - room, high + room];
}

/** `range` is in pixels, from the domain's low end to its high one; `names` only for kind 'names'. */
export function scaleOf(kind: ScaleKind, wanted: Span, range: Span, most: number, names: readonly string[] = []): Scale {
  const domain = openDomain(wanted, kind);
  const bend = kind === 'log' ? Math.log10 : (value: number) => value;
  const [low, high] = [bend(domain[0]), bend(domain[1])];
  const pixels = range[1] - range[0];
  const to = (value: number) => (kind === 'log' && value <= 0 ? NaN : range[0] + ((bend(value) - low) / (high - low)) * pixels);
  const from = (pixel: number) => {
    const bent = low + ((pixel - range[0]) / pixels) * (high - low);
    return kind === 'log' ? 10 ** bent : bent;
  };
  return { kind, domain, to, from, ticks: ticksOf(kind, domain, most, names) };
}

function ticksOf(kind: ScaleKind, domain: Span, most: number, names: readonly string[]): Tick[] {
  switch (kind) {
    case 'log':
      return logTicks(domain, most);
    case 'time':
      return timeTicks(domain, most, true);
    case 'duration':
      return timeTicks(domain, most, false);
    case 'names': {
      const every = Math.max(1, Math.ceil(names.length / Math.max(1, most)));
      return names.map((label, at) => ({ at, label })).filter((tick) => tick.at % every === 0);
    }
    default: {
      const step = niceStep(domain[1] - domain[0], most);
      return linearTicks(domain, most).map((at) => ({ at, label: tickText(at, step) }));
    }
  }
}

/** Least and greatest of the finite values; with a log scale, of those above zero. */
export function extent(values: Iterable<number | null | undefined>, kind: ScaleKind = 'linear'): Span {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (value === null || value === undefined || !Number.isFinite(value) || (kind === 'log' && value <= 0)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

/** Room above and below, so that no line runs along the frame. */
export function padded([low, high]: Span, kind: ScaleKind): Span {
  if (!(high > low)) return openDomain([low, high], kind);
  if (kind === 'log') {
    const room = (high / low) ** 0.04;
    return [low / room, high * room];
  }
  const room = (high - low) * 0.06;
  return [low - room, high + room];
}
