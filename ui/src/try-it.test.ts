import { describe, expect, test } from 'vitest';
import { curlLine, parseField, readRow, scoringRequest, toFill, wanted } from './try-it';

const inputs = [
  { name: 'hour', type: 'long' },
  { name: 'origin', type: 'string' },
];

describe('parseField', () => {
  test.each([
    ['long', '17', 17],
    ['long', '1.5', undefined],
    ['long', '', undefined],
    ['double', '1e-3', 0.001],
    ['double', 'abc', undefined],
    ['string', 'ATL', 'ATL'],
    ['string', '', ''],
    ['boolean', 'true', true],
    ['boolean', 'perhaps', undefined],
  ])('%s %s', (type, text, value) => expect(parseField({ name: 'x', type }, text)).toEqual(value));

  test('an optional figure may stay empty', () => expect(parseField({ name: 'x', type: 'double', required: false }, '')).toBeNull());
  test('a tensor takes a list', () => expect(parseField({ name: 'x', type: 'float', shape: [-1, 3] }, '[1, 2 3]')).toEqual([1, 2, 3]));

  const image = { name: 'image', type: 'float', shape: [-1, 1, 2, 2] };
  test.each([
    ['[[[[1, 2], [3, 4.5]]]]', [1, 2, 3, 4.5]],
    ['[[1 2]\n [3 4]]', [1, 2, 3, 4]],
    ['1,2,3,4', [1, 2, 3, 4]],
    ['1 2 3', undefined],
    ['[[1, 2], [3, 4], [5, 6]]', undefined],
    ['[[1, 2], [3, "four"]]', undefined],
    ['', undefined],
  ])('an image takes %s', (text, value) => expect(parseField(image, text)).toEqual(value));
  test('texts come as a list', () =>
    expect(parseField({ name: 'words', type: 'string', shape: [-1, 2] }, '["a, b", "[c]"]')).toEqual(['a, b', '[c]']));
  test('an open dimension takes what there is', () => {
    const spec = { name: 'points', type: 'float', shape: [-1, -1, 3] };
    expect(parseField(spec, '1 2 3 4 5 6')).toEqual([1, 2, 3, 4, 5, 6]);
    expect(parseField(spec, '1 2 3 4')).toBeUndefined();
    expect(scoringRequest('invocations', 'm', [spec], { points: [1, 2, 3, 4, 5, 6] }).body).toEqual({ inputs: { points: [[[1, 2, 3], [4, 5, 6]]] } });
  });
  test('what is wanted is said', () => {
    expect([image, { name: 'x', type: 'float', shape: [-1, -1, 3] }, { name: 'x', type: 'float', shape: [-1, 1] }].map(wanted)).toEqual(['4 values', 'a multiple of 3 values', '']);
  });
});

test('both protocols say the same', () => {
  const values = { hour: 17, origin: 'ATL' };
  expect(scoringRequest('invocations', 'flights late', inputs, values)).toEqual({
    path: '/endpoints/flights%20late/invocations',
    body: { dataframe_records: [values] },
  });
  expect(scoringRequest('v2', 'm', inputs, values).body).toEqual({
    inputs: [
      { name: 'hour', datatype: 'INT64', shape: [1], data: [17] },
      { name: 'origin', datatype: 'BYTES', shape: [1], data: ['ATL'] },
    ],
  });
  const tensor = scoringRequest('v2', 'm', [{ name: 'x', type: 'float', shape: [-1, 3] }], { x: [1, 2, 3] });
  expect(tensor.body).toEqual({ inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 3], data: [1, 2, 3] }] });
});

test('a tensor is nested as its shape says in MLflow\'s protocol', () => {
  const body = (shape: number[], x: number | number[]) => scoringRequest('invocations', 'm', [{ name: 'x', type: 'float', shape }], { x }).body;
  expect(body([-1, 3], [1, 2, 3])).toEqual({ inputs: { x: [[1, 2, 3]] } });
  expect(body([-1, 1, 2, 2], [1, 2, 3, 4])).toEqual({ inputs: { x: [[[[1, 2], [3, 4]]]] } });
  expect(body([-1, -1], [1, 2])).toEqual({ inputs: { x: [[1, 2]] } });
  expect(body([-1], 5)).toEqual({ inputs: { x: [5] } });
  expect(body([-1, 1], 5)).toEqual({ inputs: { x: [[5]] } });
});

test('a table model with one tensor gets its columns as a row, in their order', () => {
  const columns = [
    { name: 'a', type: 'float' },
    { name: 'b', type: 'float' },
  ];
  const request = scoringRequest('v2', 'm', columns, { b: 2, a: 1 }, [{ name: 'input', datatype: 'FP32', shape: [-1, 2] }]);
  expect(request.body).toEqual({ inputs: [{ name: 'input', datatype: 'FP32', shape: [1, 2], data: [1, 2] }] });
});

test('tensors of the columns decide type and shape', () => {
  const request = scoringRequest('v2', 'm', [{ name: 'a', type: 'long' }], { a: 1 }, [{ name: 'a', datatype: 'INT32', shape: [-1, 1] }]);
  expect(request.body).toEqual({ inputs: [{ name: 'a', datatype: 'INT32', shape: [1, 1], data: [1] }] });
});

test('the command line survives quotes', () => {
  const line = curlLine('http://localhost:5000', { path: '/p', body: { a: "it's" } });
  expect(line).toBe(`curl http://localhost:5000/p -H 'content-type: application/json' -d '{"a":"it'\\''s"}'`);
});

describe('readRow', () => {
  const row = { hour: '17', origin: 'ATL' };
  test.each([
    ['{"hour": 17, "origin": "ATL"}', row],
    ['[17, "ATL"]', row],
    ['17, ATL', row],
    [' 17 ATL\n', row],
    ['17,', { hour: '17', origin: '' }],
    ['{"origin": null}', { origin: '' }],
    ['1 2 3', 'the row has 3 values, the model takes 2'],
    ['{"day": 1}', 'the model has no input day'],
  ])('%s', (text, read) => expect(readRow(inputs, text)).toEqual(read));

  test('what is to be filled is named by the first five', () => {
    const many = Array.from({ length: 784 }, (_, i) => ({ name: `p${i}`, type: 'float' }));
    expect(toFill(many)).toBe('fill p0, p1, p2, p3, p4 and 779 more');
    expect(toFill(many.slice(0, 1))).toBe('fill p0');
  });
});
