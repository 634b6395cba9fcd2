import { describe, expect, test } from 'vitest';
import { clause, columnText, nextSort, parseColumn, quoteKey, toFilter, toOrderBy, withClause } from './filter';

describe('toFilter', () => {
  test.each([
    ['', ''],
    ['  ', ''],
    ['finch', "attributes.run_name ILIKE '%finch%'"],
    ["finch's", `attributes.run_name ILIKE "%finch's%"`],
    ['metrics.auc > 0.65', 'metrics.auc > 0.65'],
    ["params.model LIKE 'xg%'", "params.model LIKE 'xg%'"],
    ['tags.study IS NOT NULL', 'tags.study IS NOT NULL'],
    ["run_id in ('a', 'b')", "run_id in ('a', 'b')"],
    // A name that merely holds the letters of an operator is still a name.
    ['log-in', "attributes.run_name ILIKE '%log-in%'"],
  ])('%s', (typed, sent) => expect(toFilter(typed)).toBe(sent));
});

test('keys are quoted only where the grammar needs it', () => {
  expect([quoteKey('auc'), quoteKey('val/auc'), quoteKey('mlflow.user'), quoteKey('2nd')]).toEqual(['auc', '`val/auc`', '`mlflow.user`', '`2nd`']);
});

test('clauses are joined with AND, each once', () => {
  const depth = clause('params', 'max_depth', '=', '6');
  expect(depth).toBe("params.max_depth = '6'");
  expect(clause('metrics', 'test auc', '>', 0.6)).toBe('metrics.`test auc` > 0.6');
  expect(withClause('', depth)).toBe(depth);
  expect(withClause('metrics.auc > 0.6', depth)).toBe(`metrics.auc > 0.6 AND ${depth}`);
  expect(withClause(depth, depth)).toBe(depth);
  expect(withClause('finch', depth)).toBe(`attributes.run_name ILIKE '%finch%' AND ${depth}`);
});

test('columns survive the way through the URL, dots included', () => {
  for (const text of ['start_time', 'metrics.auc', 'params.a.b', 'tags.mlflow.user']) expect(columnText(parseColumn(text))).toBe(text);
  expect(parseColumn('tags.mlflow.user')).toEqual({ kind: 'tags', key: 'mlflow.user' });
});

test('sorting in the URL becomes order_by', () => {
  expect(toOrderBy(undefined)).toEqual([]);
  expect(toOrderBy('-metrics.test_auc')).toEqual(['metrics.test_auc DESC']);
  expect(toOrderBy('start_time')).toEqual(['attributes.start_time ASC']);
  expect(toOrderBy('-metrics.val/auc')).toEqual(['metrics.`val/auc` DESC']);
});

test('a click sorts figures downwards first and texts upwards, the next click turns it round', () => {
  expect(nextSort(undefined, 'metrics.auc')).toBe('-metrics.auc');
  expect(nextSort('-metrics.auc', 'metrics.auc')).toBe('metrics.auc');
  expect(nextSort('metrics.auc', 'metrics.auc')).toBe('-metrics.auc');
  expect(nextSort('-metrics.auc', 'run_name')).toBe('run_name');
});
