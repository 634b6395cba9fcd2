import { describe, expect, it } from 'vitest';
import { changeOf } from './check-review';

describe('the change that the fields of the dialog say', () => {
  const kwargs = { column: 'x', min_value: 0, max_value: 9.5, value_set: ['a', 'b'], regex: '^1', mostly: 0.9 };
  it('is nothing where all is as it was', () => {
    expect(changeOf(kwargs, {})).toBeUndefined();
    expect(changeOf(kwargs, { min_value: ' 0 ', mostly: '0.9', value_set: '["a","b"]' })).toBeUndefined();
    expect(changeOf({ column: 'x' }, { mostly: '1' })).toBeUndefined();
  });
  it('has what is another, as the kind of value that it is', () => {
    expect(changeOf(kwargs, { min_value: '-1.5', regex: '12', mostly: '0.5' })).toEqual({ set: { min_value: -1.5, regex: '12', mostly: 0.5 } });
    expect(changeOf(kwargs, { value_set: '["a", "c"]' })).toEqual({ set: { value_set: ['a', 'c'] } });
    expect(changeOf({ min_value: '2001-01-01' }, { min_value: '2002-01-01' })).toEqual({ set: { min_value: '2002-01-01' } });
  });
  it('takes away what is left empty', () => {
    expect(changeOf(kwargs, { max_value: '' })).toEqual({ set: { max_value: null } });
  });
  it('refuses a list that is none', () => {
    expect(() => changeOf(kwargs, { value_set: '[a' })).toThrow('This is no JSON');
  });
});
