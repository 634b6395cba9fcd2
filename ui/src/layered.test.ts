import { expect, test } from 'vitest';
import { keepApart, layersOf, layOut, type Arrow, type Box } from './layered';

const boxes = (count: number): Box[] => Array.from({ length: count }, (_, i) => ({ width: 60 + ((i * 37) % 80), height: 30 + (i % 3) * 8 }));

/** A graph like those of models: a long chain with branches and connections past them. */
function modelLike(count: number): Arrow[] {
  const arrows: Arrow[] = [];
  for (let i = 1; i < count; i += 1) {
    arrows.push({ from: i % 7 === 3 ? Math.max(0, i - 3) : i - 1, to: i });
    if (i % 11 === 0) arrows.push({ from: Math.max(0, i - 9), to: i });
  }
  return arrows;
}

function overlaps(layered: ReturnType<typeof layOut>, of: readonly Box[]): number {
  const rows = new Map<number, number[]>();
  layered.layer.forEach((layer, i) => rows.set(layer, [...(rows.get(layer) ?? []), i]));
  let found = 0;
  for (const row of rows.values()) {
    row.sort((a, b) => layered.x[a]! - layered.x[b]!);
    row.slice(1).forEach((each, i) => {
      if (layered.x[each]! - of[each]!.width / 2 < layered.x[row[i]!]! + of[row[i]!]!.width / 2) found += 1;
    });
  }
  return found;
}

test('arrows lead down, and what nothing leads to stands right above its use', () => {
  expect([...layersOf(5, [{ from: 0, to: 1 }, { from: 1, to: 2 }, { from: 0, to: 2 }, { from: 3, to: 2 }])]).toEqual([0, 1, 2, 1, 0]); // prettier-ignore
});

test('a cycle and an arrow to itself end', () => {
  expect(layersOf(3, [{ from: 0, to: 1 }, { from: 1, to: 2 }, { from: 2, to: 0 }, { from: 1, to: 1 }]).length).toBe(3); // prettier-ignore
  const { width, bends } = layOut(boxes(3), [{ from: 0, to: 1 }, { from: 1, to: 2 }, { from: 2, to: 0 }]); // prettier-ignore
  expect(Number.isFinite(width)).toBe(true);
  expect(bends[2]!.length).toBe(2);
});

test('places are the closest to those wanted that keep everybody apart', () => {
  expect(keepApart([0, 100], [1, 1], [0, 10])).toEqual([0, 100]);
  expect(keepApart([50, 50], [1, 1], [0, 10])).toEqual([45, 55]);
  expect(keepApart([50, 50], [9, 1], [0, 10])).toEqual([49, 59]);
  expect(keepApart([], [], [])).toEqual([]);
});

test('nothing overlaps, all lies within the drawing, in graphs of every size', () => {
  for (const count of [1, 2, 40, 3_000, 20_000]) {
    const of = boxes(count);
    const layered = layOut(of, modelLike(count));
    expect(overlaps(layered, of)).toBe(0);
    of.forEach((box, i) => {
      if (layered.x[i]! - box.width / 2 < 0 || layered.x[i]! + box.width / 2 > layered.width || layered.y[i]! > layered.height) throw new Error(`node ${i} of ${count} lies outside`);
    });
  }
  expect(layOut([], []).width).toBe(0);
});

test('a chain is straight', () => {
  const of = boxes(30);
  const { x } = layOut(of, Array.from({ length: 29 }, (_, i) => ({ from: i, to: i + 1 })));
  expect(Math.max(...x) - Math.min(...x)).toBeLessThan(1);
});

test('an arrow past layers bends in each of them', () => {
  const { bends, y } = layOut(boxes(4), [{ from: 0, to: 1 }, { from: 1, to: 2 }, { from: 2, to: 3 }, { from: 0, to: 3 }]); // prettier-ignore
  expect(bends[3]!.filter((_, i) => i % 2 === 1)).toEqual([y[1], y[2]]);
});
