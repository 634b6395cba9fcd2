import { describe, expect, test } from 'vitest';
import { boxOf, boxesBy, quantile } from './box';
import { hashOf, rampColour, runColour } from './colours';
import { crossings, levelsOf, surfaceAt } from './contour';
import { fieldOf } from './field';
import { drawLines, lowerBound, pathOf, readAt, type Line, type LineChart } from './lines';
import { isBrushed, type Parallel } from './parallel';
import { SvgPen } from './pen';
import { extent, niceStep, openDomain, scaleOf } from './scale';
import { smoothed } from './smooth';

const ink = { text: '#111', muted: '#666', line: '#ddd', strong: '#aaa', surface: '#fff', accent: '#176', font: 'sans-serif', dark: false };

describe('scales', () => {
  test('steps are round', () => {
    expect([niceStep(1, 5), niceStep(9.7, 4), niceStep(0.03, 6), niceStep(120_000, 8)]).toEqual([0.2, 5, 0.005, 20_000]);
  });

  test('a pixel and its value are each other’s inverse, in either direction', () => {
    for (const kind of ['linear', 'log', 'time'] as const) {
      const scale = scaleOf(kind, [2, 2000], [300, 10], 5);
      expect(scale.to(2)).toBeCloseTo(300);
      expect(scale.to(2000)).toBeCloseTo(10);
      expect(scale.from(scale.to(70))).toBeCloseTo(70);
    }
  });

  test('ticks are within the domain and tell neighbours apart', () => {
    const scale = scaleOf('linear', [0.1234, 0.1241], [0, 400], 5);
    expect(scale.ticks.every((tick) => tick.at >= 0.1234 && tick.at <= 0.1241)).toBe(true);
    expect(new Set(scale.ticks.map((tick) => tick.label)).size).toBe(scale.ticks.length);
  });

  test('whole ticks are grouped, fractions keep their decimals', () => {
    expect(scaleOf('linear', [0, 4000], [0, 400], 4).ticks.map((tick) => tick.label)).toEqual(['0', '1,000', '2,000', '3,000', '4,000']);
    expect(scaleOf('linear', [-0.5, 0.5], [0, 400], 2).ticks.map((tick) => tick.label)).toEqual(['−0.5', '0', '0.5']);
  });

  test('a log scale has no place for zero and below', () => {
    const scale = scaleOf('log', [0.001, 10], [0, 100], 4);
    expect(scale.to(0)).toBeNaN();
    expect(scale.ticks.map((tick) => tick.at)).toEqual([0.001, 0.01, 0.1, 1, 10]);
    expect(extent([-1, 0, 3, NaN, 7, null, Infinity], 'log')).toEqual([3, 7]);
  });

  test('one value gets room around it, none a domain all the same', () => {
    expect(openDomain([5, 5], 'linear')).toEqual([4.75, 5.25]);
    expect(openDomain([0, 0], 'linear')).toEqual([-0.5, 0.5]);
    expect(openDomain([Infinity, -Infinity], 'linear')).toEqual([0, 1]);
  });
});

describe('smoothing', () => {
  test('is TensorBoard’s: the start is not pulled to zero', () => {
    // average: 0.4, 0.64·… divided by 1 − 0.6^n.
    const [first, second, third] = smoothed([1, 2, 4], 0.6) as [number, number, number];
    expect(first).toBeCloseTo(1);
    expect(second).toBeCloseTo((0.4 * 0.6 + 0.4 * 2) / (1 - 0.36));
    expect(third).toBeCloseTo(((0.4 * 0.6 + 0.4 * 2) * 0.6 + 0.4 * 4) / (1 - 0.216));
  });

  test('leaves a constant line, gaps and no smoothing alone', () => {
    expect(smoothed([3, 3, 3], 0.9)).toEqual([3, 3, 3]);
    expect(smoothed([1, 2], 0)).toEqual([1, 2]);
    const gap = smoothed([1, NaN, 2], 0.5);
    expect(gap[1]).toBeNaN();
    expect(gap[2]).toBeCloseTo((0.5 * 0.5 + 0.5 * 2) / 0.75);
    expect(smoothed([NaN, NaN], 0.5)).toEqual([NaN, NaN]);
  });
});

describe('lines', () => {
  const bucket = (from: number, to: number, first: number, min: number, max: number, last: number) => ({ from, to, first, min, max, last });
  const columns = (buckets: ReturnType<typeof bucket>[]) => ({
    from: buckets.map((each) => each.from),
    to: buckets.map((each) => each.to),
    first: buckets.map((each) => each.first),
    min: buckets.map((each) => each.min),
    max: buckets.map((each) => each.max),
    last: buckets.map((each) => each.last),
  });

  test('go through every extreme of a bucket', () => {
    const path = pathOf(columns([bucket(0, 0, 1, 1, 1, 1), bucket(1, 3, 2, -5, 9, 4)]));
    expect(path.xs).toEqual([0, 1, 2, 2, 3]);
    expect(path.ys).toEqual([1, 2, -5, 9, 4]);
    expect(path.ends).toEqual({ xs: [0, 3], ys: [1, 4] });
  });

  test('have a gap where a bucket has nothing finite', () => {
    const path = pathOf({ from: [0, 1], to: [0, 1], first: [1, null], min: [1, null], max: [1, null], last: [1, null] });
    expect(path.ends.ys[1]).toBeNaN();
    expect(path.ys.at(-1)).toBeNaN();
  });

  const line = (id: string, ys: number[]): Line => {
    const xs = ys.map((_, i) => i * 10);
    return { id, label: id, colour: '#123456', xs, ys, ends: { xs, ys } };
  };
  const chart: LineChart = { lines: [line('a', [0, 1, 2]), line('b', [5, NaN, 3])], x: 'linear', log: false, smoothing: 0 };

  test('are read at the nearest x, the nearest to the pointer first', () => {
    const frame = drawLines(new SvgPen(), 400, 200, chart, ink);
    const readings = readAt(chart, frame, frame.x.to(19), frame.y.to(3));
    expect(readings.map(({ line: each, x, y }) => [each.id, x, y])).toEqual([
      ['b', 20, 3],
      ['a', 20, 2],
    ]);
    expect(readAt(chart, frame, frame.x.to(11), 0).map((reading) => reading.line.id)).toEqual(['a']);
  });

  test('are saved as the drawing on the screen', () => {
    const pen = new SvgPen();
    drawLines(pen, 400, 200, { ...chart, yLabel: 'loss <&>' }, ink);
    const picture = pen.document(400, 200, 'loss "a"');
    expect(picture).toContain('stroke="#123456"');
    expect(picture).toContain('loss &lt;&amp;&gt;');
    expect(picture).toContain('clip-path="url(#clip1)"');
    expect(picture).not.toMatch(/NaN|undefined/);
  });

  test('lowerBound finds the first that is not less', () => {
    expect([0, 1, 5, 11].map((value) => lowerBound([1, 1, 5, 9], value))).toEqual([0, 0, 2, 4]);
  });
});

test('quartiles are those of NumPy; whiskers reach 1.5 boxes and never into the box', () => {
  expect(quantile([1, 2, 3, 4], 0.25)).toBe(1.75);
  expect(boxOf('x', [1, 2, 3, 4, 100, NaN])).toMatchObject({ count: 5, lower: 2, median: 3, upper: 4, low: 1, high: 4, outliers: [100], mean: 22 });
  expect(boxOf('x', [0, 0, 0, 10])).toMatchObject({ upper: 2.5, high: 2.5, outliers: [10] });
  expect(boxOf('x', [])).toBeUndefined();
});

test('boxes stand in the order of what they are grouped by, those without last', () => {
  const by = fieldOf('depth', ['10', '9', '9', undefined]);
  expect(boxesBy([1, 2, 4, 8], by).map((box) => [box.name, box.median])).toEqual([
    ['9', 3],
    ['10', 1],
    ['none', 8],
  ]);
});

test('a column is a number only when every value is one', () => {
  expect(fieldOf('lr', ['0.1', '1e-3', undefined])).toEqual({ label: 'lr', values: [0.1, 0.001, NaN] });
  expect(fieldOf('opt', ['sgd', 'adam', undefined, 'sgd'])).toEqual({ label: 'opt', names: ['adam', 'sgd'], values: [1, 0, NaN, 1] });
  expect(fieldOf('mixed', ['10', 'auto', '9']).names).toEqual(['9', '10', 'auto']);
});

test('contours: the surface goes through the points, lines lie where values cross', () => {
  const points = [
    { u: 0, v: 0, z: 1 },
    { u: 1, v: 1, z: 3 },
  ];
  expect(surfaceAt(points, 0, 0)).toBe(1);
  expect(surfaceAt(points, 0.5, 0.5)).toBeCloseTo(2);
  expect(levelsOf(0, 1)).toEqual([0, 0.2, 0.4, 0.6000000000000001, 0.8, 1]);
  expect(crossings([0, 1, 1, 0], 0.5)).toEqual([[0.5, 0, 0.5, 1]]);
  expect(crossings([0, 0, 0, 0], 0.5)).toEqual([]);
});

test('a run is kept when it lies within every range; without a value it does not', () => {
  const chart: Parallel = {
    runs: ['a', 'b', 'c'].map((id) => ({ id, label: id, colour: '#000' })),
    fields: [fieldOf('depth', ['3', '6', undefined]), fieldOf('auc', [0.6, 0.9, 0.7])],
    brushes: new Map([['depth', [2, 7]]]),
  };
  expect([0, 1, 2].map((index) => isBrushed(chart, index))).toEqual([true, true, false]);
  expect(isBrushed({ ...chart, brushes: new Map([['depth', [2, 7]], ['auc', [0.8, 1]]]) }, 0)).toBe(false);
});

test('a run’s colour depends on its id alone, neighbours differ, all are plain colours', () => {
  const ids = Array.from({ length: 300 }, (_, i) => `run-${i}`);
  expect(runColour('4f2', true)).toBe(runColour('4f2', true));
  expect(new Set(ids.map((id) => runColour(id, false))).size).toBeGreaterThan(60);
  expect(ids.every((id) => /^hsl\(\d+, \d+%, \d+%\)$/.test(runColour(id, true)))).toBe(true);
  expect(hashOf('a')).not.toBe(hashOf('b'));
  expect([rampColour(-1), rampColour(2)]).toEqual([rampColour(0), rampColour(1)]);
});
