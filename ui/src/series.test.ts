import { expect, test } from 'vitest';
import { areaUnder, currentRate, driftLines, expectationLines, importanceBars, trafficSeries } from './series';

test('driftLines puts the feature that is furthest over its limit first', () => {
  const status = 'measured';
  const window = (start_ms: number, hour: number | null, month?: number) => ({
    start_ms,
    features: [
      { name: 'hour', method: 'psi', score: hour, threshold: 0.25, drifted: false, status },
      ...(month === undefined ? [] : [{ name: 'month', method: 'psi', score: month, threshold: 0.25, drifted: month > 0.25, status }]),
    ],
  });
  const { xs, lines } = driftLines([window(1000, 0.01), window(2000, null, 0.3), window(3000, 0.02, 0.2)]);
  expect(xs).toEqual([1, 2, 3]);
  expect(lines.map((line) => [line.name, line.scores, line.driftedWindows, line.latest])).toEqual([
    ['month', [null, 0.3, 0.2], 1, 0.2],
    ['hour', [0.01, null, 0.02], 0, 0.02],
  ]);
});

test('expectations that are broken now stand first, then those that were most often', () => {
  const checks = (shares: Record<string, number>) => ({
    validation: { suite: 's', version: 1, checks: Object.entries(shares).map(([expectation, share]) => ({ expectation, success: share <= 0.1, unexpected_share: share, allowed_share: 0.1, message: '' })) },
  });
  const lines = expectationLines([{}, checks({ a: 0.2, b: 0, c: 0 }), checks({ a: 0.3, b: 0, c: 0 }), { validation: {} }, checks({ a: 0.05, b: 0, c: 1 })]);
  expect(lines.map((line) => [line.name, line.shares, line.newest, line.isBroken, `${line.brokenWindows}/${line.judgedWindows}`])).toEqual([
    ['c', [null, 0, 0, null, 1], 1, true, '1/3'],
    ['a', [null, 0.2, 0.3, null, 0.05], 0.05, false, '2/3'],
    ['b', [null, 0, 0, null, 0], 0, false, '0/3'],
  ]);
  expect(expectationLines([{}, { validation: {} }])).toEqual([]);
});

test('traffic is per second and the bucket still filling does not count as the rate', () => {
  const buckets = [10, 20, 30, 1].map((requests, i) => ({ start_ms: i * 5000, requests, errors: 5, p50_ms: null, p99_ms: 2, bands: [] }));
  expect(trafficSeries(buckets, 5000)).toMatchObject({ xs: [0, 5, 10, 15], requests: [2, 4, 6, 0.2], errors: [1, 1, 1, 1], p50: [null, null, null, null] });
  expect(currentRate(buckets, 5000)).toBe(4);
  expect(currentRate(buckets.slice(-1), 5000)).toBe(0);
});

test('areas and importances', () => {
  expect(areaUnder([0, 0.5, 1], [0, 1, 1])).toBe(0.75);
  expect(importanceBars({ a: 1, b: 'x', c: 3 })).toEqual([
    { name: 'c', value: 3 },
    { name: 'a', value: 1 },
  ]);
});
