/** Shapes what the API answers into the columns that charts draw. */
import type { TrafficBucket } from './api/endpoints';
import type { HealthWindow, WindowValidation } from './api/monitors';

export interface FeatureLine {
  name: string;
  method: string;
  threshold: number;
  scores: (number | null)[];
  driftedWindows: number;
  latest: number | null;
  /** The highest score as a part of its limit. */
  worst: number;
}

/**
 * Turns windows of features into one line per feature; the most drifted first. A window that is not
 * over yet is drawn and tells nothing: half a week lacks weekdays.
 */
export function driftLines(windows: readonly (Pick<HealthWindow, 'start_ms' | 'features'> & { complete?: boolean })[]): { xs: number[]; lines: FeatureLine[] } {
  const lines = new Map<string, FeatureLine>();
  windows.forEach((window, index) => {
    for (const feature of window.features) {
      let line = lines.get(feature.name);
      if (!line) {
        line = {
          name: feature.name,
          method: feature.method,
          threshold: feature.threshold,
          scores: new Array<number | null>(windows.length).fill(null),
          driftedWindows: 0,
          latest: null,
          worst: 0,
        };
        lines.set(feature.name, line);
      }
      line.scores[index] = feature.score;
      line.threshold = feature.threshold;
      if (window.complete === false) continue;
      if (feature.drifted) line.driftedWindows += 1;
      if (feature.score !== null) line.latest = feature.score;
      line.worst = Math.max(line.worst, (feature.score ?? 0) / (feature.threshold || 1));
    }
  });
  return {
    xs: windows.map((window) => window.start_ms / 1000),
    lines: [...lines.values()].sort((a, b) => b.worst - a.worst),
  };
}

export interface ExpectationLine {
  name: string;
  /** The share that is not as expected by window; null where the suite was not asked. */
  shares: (number | null)[];
  newest: number | null;
  allowed: number;
  isBroken: boolean;
  brokenWindows: number;
  judgedWindows: number;
  message: string;
}

/** Turns windows of checks into a line for each expectation; those that are broken now first, then those that were most often. */
export function expectationLines(windows: readonly { validation?: WindowValidation }[]): ExpectationLine[] {
  const lines = new Map<string, ExpectationLine>();
  windows.forEach((window, index) => {
    for (const check of window.validation?.checks ?? []) {
      const line = lines.get(check.expectation) ?? {
        name: check.expectation,
        shares: new Array<number | null>(windows.length).fill(null),
        newest: null,
        allowed: 0,
        isBroken: false,
        brokenWindows: 0,
        judgedWindows: 0,
        message: '',
      };
      lines.set(check.expectation, line);
      line.shares[index] = check.unexpected_share;
      line.newest = check.unexpected_share;
      line.allowed = check.allowed_share;
      line.isBroken = !check.success;
      line.judgedWindows += 1;
      if (!check.success) line.brokenWindows += 1;
      line.message = check.message;
    }
  });
  return [...lines.values()].sort((a, b) => Number(b.isBroken) - Number(a.isBroken) || b.brokenWindows - a.brokenWindows);
}

/** Requests and errors a second and the percentiles, by bucket. */
export function trafficSeries(buckets: readonly TrafficBucket[], bucket_ms: number) {
  const perSecond = (amount: number) => (amount * 1000) / bucket_ms;
  return {
    xs: buckets.map((bucket) => bucket.start_ms / 1000),
    requests: buckets.map((bucket) => perSecond(bucket.requests)),
    errors: buckets.map((bucket) => perSecond(bucket.errors)),
    p50: buckets.map((bucket) => bucket.p50_ms),
    p99: buckets.map((bucket) => bucket.p99_ms),
  };
}

/** The rate over the last complete buckets; the one still filling would read too low. */
export function currentRate(buckets: readonly TrafficBucket[], bucket_ms: number, over = 3): number {
  const complete = buckets.slice(-over - 1, -1);
  if (complete.length === 0) return 0;
  return complete.reduce((sum, bucket) => sum + bucket.requests, 0) / ((complete.length * bucket_ms) / 1000);
}

/** Area under a curve by trapezoids; x ascending. */
export function areaUnder(xs: readonly number[], ys: readonly number[]): number {
  let area = 0;
  for (let i = 1; i < xs.length; i += 1) area += (xs[i]! - xs[i - 1]!) * ((ys[i]! + ys[i - 1]!) / 2);
  return area;
}

/** Feature → gain as bars, greatest first. */
export function importanceBars(gains: Record<string, unknown>): { name: string; value: number }[] {
  return Object.entries(gains)
    .filter((entry): entry is [string, number] => typeof entry[1] === 'number')
    .map(([name, value]) => ({ name, value }))
    .sort((a, b) => b.value - a.value);
}
