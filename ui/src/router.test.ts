import { describe, expect, test } from 'vitest';
import { subjectPath } from './links';
import { href, match, placeOf, resolve, searchOf } from './router';

describe('match', () => {
  test.each<[string, string, Record<string, string> | null]>([
    ['/', '/', {}],
    ['/runs', '/runs', {}],
    ['/runs/:id', '/runs/4f2a', { id: '4f2a' }],
    ['/datasets/:name', '/datasets/us%20flights%2F2001', { name: 'us flights/2001' }],
    ['/runs/:id', '/runs', null],
    ['/runs/:id', '/runs/', null],
    ['/runs/:id', '/runs/a/b', null],
    ['/runs/:id', '/runs/%E0%A4%A', null],
    ['/models', '/Models', null],
  ])('%s against %s', (pattern, path, params) => expect(match(pattern, path)).toEqual(params));
});

test('the first route that fits wins', () => {
  const routes = [
    { pattern: '/runs', page: 'list' },
    { pattern: '/runs/:id', page: 'one' },
  ];
  expect(resolve(routes, '/runs/7')).toEqual({ page: 'one', params: { id: '7' } });
  expect(resolve(routes, '/elsewhere')).toBeNull();
});

test('href and match are each other reversed, whatever the name holds', () => {
  for (const name of ['flights-late', 'a b', 'ä/ö', '100%', 'x?y#z']) {
    expect(match('/models/:name', href('/models/:name', { name }))).toEqual({ name });
  }
});

test('queries drop what is empty and stay readable', () => {
  expect(href('/models/:name', { name: 'm' }, { version: undefined, tab: '' })).toBe('/models/m');
  expect(href('/lineage', {}, { node: 'model:flights-late@2' })).toBe('/lineage?node=model:flights-late@2');
  expect(searchOf(new URLSearchParams('a=1&b=2'), { a: undefined, c: 'x,y' })).toBe('?b=2&c=x,y');
  expect(searchOf(new URLSearchParams('a=1'), { a: '' })).toBe('');
});

test('what was put in the query comes out as it was', () => {
  const filter = "params.`a b` = 'x & y' AND metrics.auc > 0.6";
  const query = placeOf({ pathname: '/runs', search: searchOf(new URLSearchParams(), { q: filter }) }).query;
  expect(query.get('q')).toBe(filter);
});

test('a trailing slash is the same place', () => {
  expect(placeOf({ pathname: '/runs/', search: '' }).path).toBe('/runs');
  expect(placeOf({ pathname: '/', search: '' }).path).toBe('/');
});

test('subjects lead to their pages', () => {
  expect(
    ['run:4f2a', 'dataset:flights@1', 'model:flights-late@2', 'model:flights-late', 'endpoint:e', 'pipeline_run:p1', 'alert:3', 'worker:w', 'plain'].map(subjectPath),
  ).toEqual([
    '/runs/4f2a', '/datasets/flights?version=1', '/models/flights-late?version=2', '/models/flights-late', '/endpoints/e',
    '/pipeline-runs/p1', '/alerts/3', undefined, undefined,
  ]); // prettier-ignore
});
