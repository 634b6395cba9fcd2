import { describe, expect, test } from 'vitest';
import type { Metric, MetricValue } from './api/mlflow';
import type { DriftWindow } from './api/monitors';
import { align, areaUnder, currentRate, driftLines, importanceBars, metricSeries, thin, trafficSeries } from './series';

const point = (step: number, value: MetricValue, timestamp = step * 1000): Metric => ({ key: 'auc', step, value, timestamp });

describe('metricSeries', () => {
  test('orders by step and keeps the last value written for one', () => {
    expect(metricSeries([point(2, 0.7), point(0, 0.5), point(2, 0.8)], 'step')).toEqual({ xs: [0, 2], ys: [0.5, 0.8] });
  });

  test('draws gaps for NaN and infinities, and keeps zero', () => {
    expect(metricSeries([point(0, 'NaN'), point(1, 'Infinity'), point(2, 0)], 'step')).toEqual({ xs: [0, 1, 2], ys: [null, null, 0] });
  });

  test('measures time in seconds', () => {
    expect(metricSeries([point(0, 1, 1500)], 'time').xs).toEqual([1.5]);
  });
});

test('align joins lines on all their x values and tells a gap from no point', () => {
  expect(
    align([
      { xs: [0, 2], ys: [1, null] },
      { xs: [1, 2], ys: [5, 6] },
    ]),
  ).toEqual([
    [0, 1, 2],
    [1, undefined, null],
    [undefined, 5, 6],
  ]);
});

describe('thin', () => {
  const length = 10_000;
  const line = { xs: Array.from({ length }, (_, i) => i), ys: Array.from({ length }, (_, i) => (i === 4_321 ? 99 : i === 8_888 ? -99 : Math.sin(i / 50))) };

  test('keeps every extreme and the order', () => {
    const thinned = thin(line, 100);
    expect(thinned.xs.length).toBeLessThanOrEqual(200);
    expect(thinned.ys).toContain(99);
    expect(thinned.ys).toContain(-99);
    expect(thinned.xs).toEqual([...thinned.xs].sort((a, b) => a - b));
  });

  test('leaves a short line as it is', () => {
    const short = { xs: [1, 2], ys: [3, null] };
    expect(thin(short, 100)).toBe(short);
  });

  test('keeps a slot of gaps as a gap', () => {
    const gaps = { xs: line.xs, ys: line.ys.map((y, i) => (i < 5_000 ? null : y)) };
    expect(thin(gaps, 10).ys.slice(0, 5)).toEqual([null, null, null, null, null]);
  });
});

test('driftLines puts the feature that is furthest over its limit first', () => {
  const window = (start_ms: number, hour: number | null, month?: number): DriftWindow => ({
    start_ms,
    end_ms: start_ms + 1000,
    rows: 10,
    features: [
      { name: 'hour', method: 'psi', score: hour, threshold: 0.25, drifted: false },
      ...(month === undefined ? [] : [{ name: 'month', method: 'psi', score: month, threshold: 0.25, drifted: month > 0.25 }]),
    ],
  });
  const { xs, lines } = driftLines([window(1000, 0.01), window(2000, null, 0.3), window(3000, 0.02, 0.2)]);
  expect(xs).toEqual([1, 2, 3]);
  expect(lines.map((line) => [line.name, line.scores, line.driftedWindows, line.latest])).toEqual([
    ['month', [null, 0.3, 0.2], 1, 0.2],
    ['hour', [0.01, null, 0.02], 0, 0.02],
  ]);
});

test('traffic is per second and the bucket still filling does not count as the rate', () => {
  const buckets = [10, 20, 30, 1].map((requests, i) => ({ start_ms: i * 5000, requests, errors: 5, p50_ms: null, p99_ms: 2 }));
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
