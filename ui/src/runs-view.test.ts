import { describe, expect, test } from 'vitest';
import type { RunRow } from './api/tracking';
import { settingsOf, zoomText } from './chart-settings';
import { parseCsv, toCsv } from './csv';
import { cellImage, imagesByKey, tableOf } from './logged-files';
import { groupClause, spreadText } from './pages/run-groups';
import { bestOf } from './pages/compare-differences';
import { candidateColumns, chosenColumns, differs, flattened, orderedColumns, queryOf, usualColumns, viewOf, withColumn } from './runs-view';
import { columnWindow, rowWindow } from './window';

const run = (run_id: string, values: RunRow['values'] = {}): RunRow => ({
  run_id,
  run_name: run_id,
  experiment_id: '1',
  user_id: '',
  status: 'FINISHED',
  lifecycle_stage: 'active',
  start_time_ms: 0,
  values,
});
const view = (query: string) => viewOf(new URLSearchParams(query));

describe('the view in the URL', () => {
  test('is a tree of roots unless somebody searches or groups', () => {
    expect(queryOf(view('experiment=1,2')).filter).toBe('tags.`mlflow.parentRunId` IS NULL');
    expect(queryOf(view('nest=0')).filter).toBe('');
    expect(queryOf(view('q=finch')).filter).toBe("attributes.run_name ILIKE '%finch%'");
    expect(queryOf(view('group=params.lr')).filter).toBe('');
  });

  test('says which runs and in what order', () => {
    expect(queryOf(view('experiment=7&sort=-metrics.auc&show=deleted&nest=0'))).toEqual({ experiment_ids: ['7'], filter: '', order_by: ['metrics.auc DESC'], view: 'DELETED_ONLY' });
  });
});

describe('columns', () => {
  const known = ['params.seed', 'metrics.loss', 'metrics.system/cpu', 'params.depth', 'metrics.val_auc', 'tags.team'];

  test('a first look takes metrics of interest and params, and shows the params that differ', () => {
    const candidates = candidateColumns(known);
    expect(candidates).toEqual(['metrics.val_auc', 'metrics.loss', 'params.seed', 'params.depth']);
    const rows = [run('a', { 'params.seed': '1', 'params.depth': '3' }), run('b', { 'params.seed': '1', 'params.depth': '4' })];
    expect(usualColumns(candidates, rows)).toEqual(['metrics.val_auc', 'metrics.loss', 'params.depth']);
    expect(usualColumns(candidates, rows.slice(0, 1))).toEqual(candidates);
  });

  test('a missing value differs from one that is there', () => {
    expect(differs('params.x', [run('a', { 'params.x': '1' }), run('b')])).toBe(true);
    expect(differs('params.x', [run('a'), run('b')])).toBe(false);
  });

  test('patterns stand for names without filling the address', () => {
    const matches = (text: string) => ['metrics.a_loss', 'metrics.b_loss'].filter((name) => name.includes(text));
    expect(chosenColumns(['params.lr', '*loss*', '!metrics.b_loss'], matches)).toEqual(['params.lr', 'metrics.a_loss']);
    expect(withColumn(['*loss*'], 'metrics.b_loss', false)).toEqual(['*loss*', '!metrics.b_loss']);
    expect(withColumn(['*loss*', '!metrics.b_loss'], 'metrics.b_loss', true)).toEqual(['*loss*']);
    expect(withColumn(['params.lr'], 'params.lr', false)).toEqual([]);
    expect(withColumn(['**'], 'params.lr', false)).toEqual(['**', '!params.lr']);
  });

  test('pinned ones come first, each once', () => {
    expect(orderedColumns(['a', 'b', 'c'], ['c'])).toEqual(['c', 'a', 'b']);
  });
});

test('children stand below their open parents at any depth, and a circle ends', () => {
  const children = new Map([
    ['a', [run('b'), run('c')]],
    ['b', [run('d')]],
    ['d', [run('a')]],
  ]);
  const counts = new Map([
    ['a', 2],
    ['b', 1],
    ['d', 1],
  ]);
  const rows = flattened([run('a'), run('x')], children, new Set(['a', 'b', 'd']), counts);
  expect(rows.map((row) => `${row.depth}${row.run.run_id}`)).toEqual(['0a', '1b', '2d', '1c', '0x']);
  expect(rows[0]).toMatchObject({ open: true, children: 2 });
});

describe('windows of a large table', () => {
  test('rows move in steps and stay within the table', () => {
    expect(rowWindow(0, 660, 33, 100_000)).toEqual([0, 34]);
    expect(rowWindow(1_650_000, 660, 33, 100_000)).toEqual([49_988, 50_032]);
    expect(rowWindow(3_299_000, 660, 33, 100_000)[1]).toBe(100_000);
    expect(rowWindow(0, 660, 33, 0)).toEqual([0, 0]);
  });

  test('columns in sight and the widths beside them make up the whole', () => {
    const columns = Array.from({ length: 5_000 }, () => ({ width_px: 100 }));
    const { span, before, after } = columnWindow(columns, 250_000, 900);
    expect(span).toEqual([2_497, 2_515]);
    expect(before + after + (span[1] - span[0]) * 100).toBe(500_000);
    expect(columnWindow([], 0, 900)).toEqual({ span: [0, 0], before: 0, after: 0 });
  });
});

test('how charts are drawn is read from the URL, with sense made of nonsense', () => {
  const settings = (query: string) => settingsOf(new URLSearchParams(query));
  expect(settings('axis=time&scale=log&smooth=0.6&zoom=10,20')).toEqual({ axis: 'time', log: true, smoothing: 0.6, window: [10, 20] });
  expect(settings('axis=x&smooth=7&zoom=20,10')).toEqual({ axis: 'step', log: false, smoothing: 0.99, window: undefined });
  expect(settings('smooth=abc').smoothing).toBe(0);
  expect(zoomText([1.2, 7.4])).toBe('1,8');
});

describe('groups', () => {
  test('a mean comes with its deviation where there is one', () => {
    expect(spreadText({ count: 3, mean: 0.65123, std: 0.0042, min: 0.6, max: 0.7 })).toBe('0.6512 ± 0.0042');
    expect(spreadText({ count: 1, mean: 0.5, min: 0.5, max: 0.5 })).toBe('0.5');
    expect(spreadText(undefined)).toBe('–');
  });

  test('leads to its runs, those without a value too', () => {
    expect(groupClause({ 'params.lr': '0.1', 'tags.team': null })).toBe("params.lr = '0.1' AND tags.team IS NULL");
  });
});

test('the best value is told by the metric’s name, or not at all', () => {
  const runs = [run('a', { 'metrics.loss': 1, 'metrics.auc': 0.7, 'metrics.x': 1, 'params.loss': '1' }), run('b', { 'metrics.loss': 2, 'metrics.auc': 0.8, 'metrics.x': 2 })];
  expect(['metrics.loss', 'metrics.auc', 'metrics.x', 'params.loss'].map((column) => bestOf(column, runs))).toEqual([1, 0.8, undefined, undefined]);
});

describe('files', () => {
  test('CSV is written for spreadsheets and runs nothing there', () => {
    expect(toCsv([['a,b', 'say "x"', '=1+1', '-0.5', '-x']])).toBe('"a,b","say ""x""",\'=1+1,-0.5,\'-x\r\n');
  });

  test('CSV is read with quotes, line ends within them, and a limit', () => {
    expect(parseCsv('\ufeffa,b\r\n"x,1","y\n""z"""\n\n3,\n', ',', 10)).toEqual([
      ['a', 'b'],
      ['x,1', 'y\n"z"'],
      ['3', ''],
    ]);
    expect(parseCsv('a\nb\nc\n', ',', 2)).toEqual([['a'], ['b']]);
  });

  test('tables come as CSV, TSV, JSON lines and as MLflow logs them', () => {
    expect(tableOf('t.tsv', 'a\tb\n1\t2')).toEqual({ columns: ['a', 'b'], rows: [['1', '2']], cut: false });
    expect(tableOf('t.json', '{"columns":["a"],"data":[[1],[2]]}')).toEqual({ columns: ['a'], rows: [[1], [2]], cut: false });
    expect(tableOf('t.jsonl', '{"a":1}\n{"b":2}\n')).toEqual({ columns: ['a', 'b'], rows: [[1, undefined], [undefined, 2]], cut: false }); // prettier-ignore
    expect(tableOf('t.json', '{"fpr":[]}')).toBeUndefined();
    expect(tableOf('t.jsonl', '1\n2')).toBeUndefined();
    expect(cellImage({ type: 'image', filepath: 'images/x.png', compressed_filepath: 'images/x.webp' })).toBe('images/x.png');
    expect(cellImage('x')).toBeUndefined();
  });

  test('images are told by key and step, small copies left out', () => {
    const file = (path: string) => ({ path, is_dir: false });
    const images = imagesByKey([
      file('images/dogs#big%step%10%timestamp%2%b.png'),
      file('images/dogs#big%step%2%timestamp%1%a.png'),
      file('images/dogs#big%step%2%timestamp%1%a%compressed.webp'),
      file('images/cats+step+0+timestamp+5+c.png'),
      file('images/plain.png'),
    ]);
    expect([...images.keys()]).toEqual(['cats', 'dogs/big']);
    expect(images.get('dogs/big')!.map((image) => image.step)).toEqual([2, 10]);
  });
});
