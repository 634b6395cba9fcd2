import { describe, expect, it } from 'vitest';
import { ridgesOf, spread } from './histogram-bins';

const sample = (step: number, buckets: [number | string, number | string, number][]) => ({ step, time_ms: 0, buckets });

describe('ridgesOf', () => {
  it('shares a bucket out over the bins it covers, without losing a count', () => {
    const { low, high, ridges } = ridgesOf([sample(1, [[0, 4, 8]]), sample(2, [[4, 8, 3], [2, 2, 1]])], 4);
    expect([low, high]).toEqual([0, 8]);
    expect(ridges[0]).toEqual({ step: 1, bins: [4, 4, 0, 0], total: 8 });
    expect(ridges[1]).toEqual({ step: 2, bins: [0, 1, 1.5, 1.5], total: 4 });
  });

  it('passes over edges that are no numbers, and draws one value as a bar', () => {
    expect(ridgesOf([sample(1, [['-Infinity', 0, 5], [3, 3, 2]])], 2)).toEqual({ low: 2.5, high: 3.5, ridges: [{ step: 1, bins: [0, 2], total: 2 }] });
    expect(ridgesOf([sample(1, [])], 2).ridges).toEqual([]);
  });
});

describe('spread', () => {
  it('keeps the first and the last', () => {
    expect(spread([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 3)).toEqual([0, 5, 10]);
    expect(spread([1, 2], 5)).toEqual([1, 2]);
  });
});
