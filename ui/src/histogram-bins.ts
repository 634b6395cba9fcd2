/** Histograms of several steps put onto one axis, so that they can be drawn behind one another. */
import type { Bucket, HistogramSample } from './api/tensorboard';

export interface Ridge {
  step: number;
  /** How many values fall into each bin of the common axis. */
  bins: number[];
  total: number;
}

export interface Ridges {
  low: number;
  high: number;
  ridges: Ridge[];
}

function edges(bucket: Bucket): [number, number] | undefined {
  const left = Number(bucket[0]);
  const right = Number(bucket[1]);
  return Number.isFinite(left) && Number.isFinite(right) ? [left, right] : undefined;
}

/** At most `max` of the samples, evenly spread, the first and the last among them. */
export function spread<T>(samples: readonly T[], max: number): T[] {
  if (samples.length <= max) return [...samples];
  return Array.from({ length: max }, (_, i) => samples[Math.round((i * (samples.length - 1)) / (max - 1))]!);
}

/** Shares out each bucket's count over the bins that it covers. */
function bin(sample: HistogramSample, low: number, high: number, bins: number): Ridge {
  const wide = (high - low) / bins;
  const counts = new Array<number>(bins).fill(0);
  let total = 0;
  for (const bucket of sample.buckets) {
    const ends = edges(bucket);
    if (!ends || !(bucket[2] > 0)) continue;
    const [left, right] = ends;
    total += bucket[2];
    const first = Math.min(bins - 1, Math.max(0, Math.floor((left - low) / wide)));
    const last = Math.min(bins - 1, Math.max(first, Math.ceil((right - low) / wide) - 1));
    for (let i = first; i <= last; i++) {
      const covered = Math.min(right, low + (i + 1) * wide) - Math.max(left, low + i * wide);
      counts[i]! += first === last ? bucket[2] : (bucket[2] * Math.max(0, covered)) / (right - left);
    }
  }
  return { step: sample.step, bins: counts, total };
}

export function ridgesOf(samples: readonly HistogramSample[], bins: number): Ridges {
  let low = Infinity;
  let high = -Infinity;
  for (const sample of samples) {
    for (const bucket of sample.buckets) {
      const ends = edges(bucket);
      if (!ends || !(bucket[2] > 0)) continue;
      low = Math.min(low, ends[0]);
      high = Math.max(high, ends[1]);
    }
  }
  if (!(low <= high)) return { low: 0, high: 1, ridges: [] };
  // All values the same: a bar in the middle.
  if (low === high) [low, high] = [low - 0.5, high + 0.5];
  return { low, high, ridges: samples.map((sample) => bin(sample, low, high, bins)) };
}
