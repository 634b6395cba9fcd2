import { expect, test } from 'vitest';
import { narrowed, sliceCondition, slotOf } from './slices';

test('a slice is found again by a condition', () => {
  expect(sliceCondition('origin', 'ORD')).toBe("input_origin = 'ORD'");
  expect(sliceCondition('origin', "O'Hare")).toBe("input_origin = 'O''Hare'");
  expect(sliceCondition('distance', '120 to 340.5')).toBe('input_distance BETWEEN 120 AND 340.5');
  expect(sliceCondition('delay', '-20.5 to 1e+06')).toBe('input_delay BETWEEN -20.5 AND 1e+06');
  expect(sliceCondition('delay', 'missing')).toBe('input_delay IS NULL');
  expect(sliceCondition('Delay Before', 'missing')).toBe('"input_Delay Before" IS NULL');
  expect(sliceCondition('origin', 'other')).toBeUndefined();
});

test('a slice of a slice', () => {
  expect(narrowed('', 'a = 1')).toBe('a = 1');
  expect(narrowed('a = 1', 'b = 2')).toBe('a = 1 AND b = 2');
  expect(narrowed('a = 1 OR c = 3', 'b = 2')).toBe('(a = 1 OR c = 3) AND b = 2');
});

test('an instant stands in its window, between two, or at an end', () => {
  const windows = [
    { start_ms: 0, end_ms: 100 },
    { start_ms: 100, end_ms: 200 },
    { start_ms: 900, end_ms: 1000 },
  ];
  expect(slotOf(windows, 150)).toBe(1);
  expect(slotOf(windows, 100)).toBe(0.5);
  expect(slotOf(windows, 500)).toBe(1.5);
  expect(slotOf(windows, 950)).toBe(2);
  expect(slotOf(windows, 5000)).toBe(2);
  expect(slotOf(windows, -5)).toBe(0);
});
