import { describe, expect, test } from 'vitest';
import type { ColumnProfile } from '../api/datasets';
import type { Event } from '../api/events';
import type { TaskRun, TaskState } from '../api/pipelines';
import { headline } from '../components/try-it';
import { replicasText } from './endpoint';
import { percent } from '../format';
import { barsOf, looksOf } from './dataset';
import { answerText } from './endpoint';
import { joinEvents } from './events';
import { folded } from './lineage';
import { gatesOf, signatureOf } from './model';
import { differences } from './model-compare';
import { storePath } from './model-files';
import { modelFilter } from './models';
import { binLabels } from './monitor';
import { usualTask } from './pipeline-run';
import { readable } from './webhook';

test('a message is shown as readable JSON, and as it stands where it is none', () => {
  expect(readable('{"a":[1]}')).toBe('{\n  "a": [\n    1\n  ]\n}');
  expect(readable('not {json')).toBe('not {json');
});

test('events of several pages are joined newest first, each once', () => {
  const event = (seq: number): Event => ({ seq, time_ms: seq, kind: 'run.created', subject: 'run:1', who: 'a', payload: {} });
  expect(joinEvents([event(3), event(2)], [event(2), event(1)], [event(7)]).map((each) => each.seq)).toEqual([7, 3, 2, 1]);
});

test('a column is called by what its values look like, where that says more than its type', () => {
  expect(looksOf({ name: 'date', format: '%d/%m/%Y', share: 1 })).toBe('date %d/%m/%Y');
  expect(looksOf({ name: 'email', format: '', share: 0.9 })).toBe(`email, ${percent(0.9)}`);
  expect(looksOf({ name: 'category', format: '', share: 1 })).toBe('');
});

describe('bars of a column', () => {
  const column = (more: Partial<ColumnProfile>): ColumnProfile => ({ name: 'c', type: 'integer', missing: 0, distinct: 3, ...more });
  const histogram = { edges: [0, 5, 10], counts: [4, 6] };

  test('a number of few values is shown by value, in their order', () => {
    const top_values = [
      { value: 7, count: 9 },
      { value: 1, count: 5 },
      { value: 3, count: 2 },
    ];
    expect(barsOf(column({ histogram, top_values }))).toEqual([
      { label: '1', count: 5 },
      { label: '3', count: 2 },
      { label: '7', count: 9 },
    ]);
  });

  test('others by bins, and text not at all', () => {
    expect(barsOf(column({ distinct: 500, histogram }))).toEqual([
      { label: '0 – 5', count: 4 },
      { label: '5 – 10', count: 6 },
    ]);
    expect(barsOf(column({ top_values: [{ value: 'ATL', count: 1 }], distinct: 1 }))).toEqual([]);
  });
});

test('bins are named by their ends, open ones included', () => {
  expect(binLabels({ edges: [0, 10, 20], reference: [0.5, 0.5] })).toEqual(['0–10', '10–20']);
  expect(binLabels({ categories: ['ATL', 'other'], reference: [1, 0] })).toEqual(['ATL', 'other']);
});

test('the step to look at first is the one that failed, runs, was held, or came last', () => {
  const task = (name: string, state: TaskState): TaskRun => ({
    name,
    depends_on: [],
    state,
    outputs: {},
    attempts: state === 'pending' ? [] : [{ number: 1, state: 'running', started_ms: 0 }],
  });
  const [a, b, c] = [task('a', 'succeeded'), task('b', 'succeeded'), task('c', 'pending')];
  expect(usualTask([a, b, c])).toBe('b');
  expect(usualTask([a, task('x', 'running'), task('y', 'failed')])).toBe('y');
  expect(usualTask([a, task('x', 'running'), c])).toBe('x');
  expect(usualTask([a, task('x', 'held')])).toBe('x');
  expect(usualTask([c])).toBe('c');
  expect(usualTask([])).toBeUndefined();
});

test('an answer of either protocol has a headline', () => {
  expect(headline({ predictions: [0.25] })).toBe('0.25');
  expect(headline({ predictions: [{ late_probability: 0.25, label: 1 }] })).toBe('late_probability 0.25 · label 1');
  expect(headline({ outputs: [{ name: 'p', data: [0.5] }] })).toBe('p 0.5');
  expect(headline({ outputs: [{ name: 'label', data: [1] }, { name: 'p', data: [0.25, 0.75] }] })).toBe('label 1 · p 0.25, 0.75');
  const thousand = Array.from({ length: 1000 }, (_, i) => i);
  expect(headline({ predictions: [thousand] })).toBe('0, 1, 2, 3, 4, 5, … (1000 values)');
  expect(headline({ predictions: { probabilities: [thousand] } })).toBe('probabilities 0, 1, 2, 3, 4, 5, … (1000 values)');
});

test('an endpoint without a replica says whether it sleeps', () => {
  const of = (replicas: string[], replicas_min: number, replicas_max: number) =>
    replicasText({ revisions: [{ replicas: replicas.map((state) => ({ state })) }], policy: { replicas_min, replicas_max } } as never);
  expect(of([], 0, 2)).toBe('asleep, the next request wakes one');
  expect(of(['ready', 'starting', 'stopped'], 0, 2)).toBe('ready of 2');
  expect(of([], 1, 2)).toBe('ready of 0');
  expect(of([], 0, 0)).toBe('ready of 0');
});

test('an answer shows what was decided and how sure, not the vector behind it', () => {
  expect(answerText({ label: 1, probabilities: '[0.1134,0.8865]', probability: 0.88653 })).toBe('1 · 0.8865');
  expect(answerText({ scores: [0.25, 0.75] })).toBe('0.25, 0.75');
});

test('alerts that led nowhere are one node, those that started something stay', () => {
  const node = (id: string) => ({ id, kind: id.split(':')[0]!, label: id });
  const raised = (id: string) => ({ from: 'monitor:m', to: id, label: 'raised' });
  const started = { from: 'alert:3', to: 'pipeline_run:p', label: 'started' };
  const ids = ['monitor:m', 'alert:1', 'alert:2', 'alert:3', 'pipeline_run:p'];
  const picture = folded({ nodes: ids.map(node), edges: [raised('alert:1'), raised('alert:2'), raised('alert:3'), started] }, 'monitor:m');
  expect(picture.nodes.map((each) => each.id)).toEqual(['monitor:m', 'alert:3', 'pipeline_run:p', 'alerts:monitor:m']);
  expect(picture.edges).toEqual([raised('alert:3'), started, raised('alerts:monitor:m')]);
});

test('a version shows the latest judgement of each alias', () => {
  const moved = (time_ms: number, version: string, alias: string) => ({
    seq: time_ms,
    time_ms,
    who: 'ann',
    kind: 'alias.moved',
    summary: '',
    version,
    alias,
    details: { gates: [{ gate: 'metric auc', passed: true, reason: '' }] },
  });
  const changes = [moved(4, '1', 'champion'), moved(3, '2', 'champion'), moved(2, '1', 'canary'), moved(1, '1', 'champion')];
  expect(gatesOf(changes, '1').map((each) => each.time_ms)).toEqual([4, 2]);
});

test('a bare word finds models whose name holds it, a comparison is sent as it is', () => {
  expect(modelFilter(' late ')).toBe("name ILIKE '%late%'");
  expect(modelFilter("tags.team = 'delays'")).toBe("tags.team = 'delays'");
  expect(modelFilter("name NOT LIKE 'a%'")).toBe("name NOT LIKE 'a%'");
  expect(modelFilter('')).toBe('');
});

test('the files of a version are found in the store, and in the run that left them', () => {
  expect(storePath('mlflow-artifacts:/0/4f2/artifacts/model')).toBe('0/4f2/artifacts/model');
  expect(storePath('mlflow-artifacts://host:5000/0/4f2/artifacts/model')).toBe('0/4f2/artifacts/model');
  expect(storePath('s3://bucket/model')).toBeUndefined();
});

test('two versions differ where a value is another, or only one has it', () => {
  const before = new Map([['depth', '3'], ['eta', '0.1'], ['gone', 'x']]);
  const after = new Map([['depth', '3'], ['eta', '0.2'], ['new', 'y']]);
  expect(differences(before, after)).toEqual([
    { key: 'eta', before: '0.1', after: '0.2' },
    { key: 'gone', before: 'x', after: undefined },
    { key: 'new', before: undefined, after: 'y' },
  ]);
});

test("without a recorded signature the MLmodel's is shown, and its parameters always", () => {
  const schema = {
    inputs: [{ type: 'long', name: 'a', required: false }, { type: 'array', name: 'b', items: { type: 'object', properties: { c: { type: 'string', required: false } } } }],
    outputs: [{ type: 'tensor', 'tensor-spec': { dtype: 'float32', shape: [-1] } }],
    params: [{ name: 'threshold', type: 'double', default: 0.5, shape: null }, { name: 'stop', dtype: 'string', default: [], shape: [-1] }],
  };
  const params = [
    { name: 'threshold', type: 'double', shape: undefined, required: true, fallback: 0.5 },
    { name: 'stop', type: 'string', shape: [-1], required: true, fallback: [] },
  ];
  expect(signatureOf({ schema })).toEqual({
    inputs: [{ name: 'a', type: 'long', shape: undefined, required: false }, { name: 'b', type: 'array(object(c?: string))', shape: undefined, required: true }],
    outputs: [{ name: '#1', type: 'float32', shape: [-1], required: true }],
    params,
  });
  const signature = { inputs: [], outputs: [] };
  expect(signatureOf({ schema, signature })).toEqual({ ...signature, params });
  expect(signatureOf({})).toBeUndefined();
});
