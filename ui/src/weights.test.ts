import { expect, test } from 'vitest';
import { moveWeight, slotsOf } from './weights';

const sum = (weights: Record<string, number>) => Object.values(weights).reduce((a, b) => a + b, 0);

test('two versions share what is there', () => {
  expect(moveWeight({ '1': 90, '2': 10 }, '2', 35)).toEqual({ '1': 65, '2': 35 });
  expect(moveWeight({ '1': 90, '2': 10 }, '1', 250)).toEqual({ '1': 100, '2': 0 });
});

test('others give in proportion, and the sum is always 100', () => {
  expect(moveWeight({ '1': 60, '2': 20, '3': 20 }, '1', 20)).toEqual({ '1': 20, '2': 40, '3': 40 });
  for (let percent = 0; percent <= 100; percent += 1) {
    expect(sum(moveWeight({ '1': 51, '2': 33, '3': 16 }, '3', percent))).toBe(100);
    expect(sum(moveWeight({ '1': 100, '2': 0, '3': 0 }, '1', percent))).toBe(100);
  }
});

test('one alone has everything', () => {
  expect(moveWeight({ '1': 100 }, '1', 10)).toEqual({ '1': 100 });
});

test('slots are runs', () => {
  expect(slotsOf('')).toEqual([]);
  expect(slotsOf('7')).toEqual([7]);
  expect(slotsOf('0-2,40-41')).toEqual([0, 1, 2, 40, 41]);
});
