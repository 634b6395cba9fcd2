import { describe, expect, test } from 'vitest';
import { byInterest, bytes, count, duration, eventTime, grouped, inline, measure, namedValue, parameter, percent, plural, relative, shortId, tick, windowText } from './format';

/** Thin spaces hold numbers and units together; here they are written as plain ones. */
const plain = (text: string) => text.replace(/\u202f/g, ' ');

describe('count', () => {
  test.each([
    [0, '0'],
    [7, '7'],
    [9_999, '9,999'],
    [12_345, '12.3 k'],
    [999_499, '999 k'],
    [999_500, '1 M'],
    [3_000_000, '3 M'],
    [2.5, '2.5'],
    [null, '–'],
    [undefined, '–'],
  ])('%s is %s', (value, text) => expect(plain(count(value))).toBe(text));
});

describe('measure', () => {
  test.each<[number | string | null, string]>([
    [0.6834123, '0.6834'],
    [0.682, '0.682'],
    [1012344, '1,012,344'],
    [0, '0'],
    [4.17e-7, '4.17e-7'],
    [123456789.5, '1.23e8'],
    [-0.5, '-0.5'],
    ['NaN', 'NaN'],
    ['Infinity', '∞'],
    [Number.NEGATIVE_INFINITY, '−∞'],
    [null, '–'],
  ])('%s is %s', (value, text) => expect(measure(value)).toBe(text));

  test('keeps the digits asked for', () => expect(measure(0.123456, 2)).toBe('0.12'));
});

describe('duration', () => {
  test.each([
    [0, '0 ms'],
    [0.43, '430 µs'],
    [0.9996, '1 ms'],
    [2.1, '2.1 ms'],
    [999.6, '1 s'],
    [24_100, '24.1 s'],
    [59_990, '1 min'],
    [192_000, '3 min 12 s'],
    [3_600_000, '1 h'],
    [4_320_000, '1 h 12 min'],
    [90_000_000, '1 d 1 h'],
    [-1500, '−1.5 s'],
    [null, '–'],
  ])('%s is %s', (value, text) => expect(plain(duration(value))).toBe(text));
});

test('bytes take decimal units', () => {
  expect([0, 118, 999, 1000, 13_482_114, 2.5e12].map((value) => plain(bytes(value)))).toEqual(['0 B', '118 B', '999 B', '1 kB', '13.5 MB', '2.5 TB']);
});

test('a share that is there never reads as none', () => {
  expect([0, 0.0004, 0.0005, 0.2397, 1].map((value) => plain(percent(value)))).toEqual(['0.0 %', '< 0.1 %', '0.1 %', '24.0 %', '100.0 %']);
});

test('relative time is one unit and knows the future', () => {
  const now = 1_000_000_000;
  const ago = [0, 4_000, 42_000, 61_000, 7_200_000, 172_800_000, -300_000];
  expect(ago.map((each) => plain(relative(now - each, now)))).toEqual(['just now', 'just now', '42 s ago', '1 min ago', '2 h ago', '2 d ago', 'in 5 min']);
});

test('windows of whole days name days, others minutes', () => {
  const start = Date.UTC(2001, 3, 1);
  const hour = 3_600_000;
  expect(windowText(start, start + 7 * 24 * hour)).toBe('2001-04-01 – 2001-04-07');
  expect(windowText(start, start + 24 * hour)).toBe('2001-04-01');
  expect(windowText(start, start + hour)).toBe('2001-04-01 00:00–01:00');
  expect(eventTime(start)).toBe('2001-04-01 00:00:00');
});

test('ticks are as fine as their step', () => {
  const at = Date.UTC(2001, 3, 1, 6, 30);
  const day = 86_400_000;
  expect([1_000, 60_000, day, 30 * day, 365 * day].map((step) => tick(at, step, true))).toEqual(['06:30:00', '06:30', '1 Apr', 'Apr', '2001']);
});

test('values of any kind fit on a line', () => {
  expect([null, 'ATL', 0.25, true, [1, 2], { a: 1 }].map(inline)).toEqual(['–', 'ATL', '0.25', 'true', '1, 2', '{"a":1}']);
});

test('only long hexadecimal ids are shortened', () => {
  expect(shortId('53ef8d6f1c2b4a5d9e8f7a6b5c4d3e2f')).toBe('53ef8d6f');
  expect(shortId('flights-late')).toBe('flights-late');
});

test('grouping and plurals', () => {
  expect(grouped(1234567.25)).toBe('1,234,567.25');
  expect([plural(1, 'run'), plural(2, 'run'), plural(0, 'entry', 'entries')]).toEqual(['1 run', '2 runs', '0 entries']);
});

test('long fractions of parameters are rounded, other text is kept', () => {
  expect(['0.80786272000', '0.1', '1e-05', '7', 'hist', '1.2.3', undefined].map(parameter)).toEqual(['0.8079', '0.1', '1e-05', '7', 'hist', '1.2.3', '–']);
});

test('metrics of validation come first and those of training last', () => {
  expect(byInterest(['loss', 'test_auc', 'train_auc', 'validation_auc'])).toEqual(['validation_auc', 'test_auc', 'loss', 'train_auc']);
});

test('an instant among the parameters of a pipeline is written as a time', () => {
  expect(namedValue('until', '993945600000')).toBe('2001-07-01 00:00:00');
  expect(namedValue('requests', '200')).toBe('200');
});
