/**
 * What a server looks like after the flights demo, made up by arithmetic so that it is the same at
 * every start. Only instants are relative to now.
 */

/** A small deterministic generator (mulberry32): the same seed gives the same data. */
export function randomOf(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const minute = 60_000;
const day = 86_400_000;
export const start = Date.now() - 9 * minute;
const at = (minutes) => Math.round(start + minutes * minute);
const hex = (seed, length) => {
  const random = randomOf(seed);
  return Array.from({ length }, () => Math.floor(random() * 16).toString(16)).join('');
};

const airports = ['ATL', 'ORD', 'DFW', 'LAX', 'PHX', 'DEN', 'IAH', 'STL', 'LAS', 'MSP', 'DTW', 'SFO', 'EWR', 'PHL', 'CLT', 'LGA'];

// ---------------------------------------------------------------- runs

export const experiments = [
  { experiment_id: '0', name: 'Default', artifact_location: 'mlflow-artifacts:/0', lifecycle_stage: 'active', creation_time: at(0), last_update_time: at(0) },
  { experiment_id: '1', name: 'flights-late', artifact_location: 'mlflow-artifacts:/1', lifecycle_stage: 'active', creation_time: at(0.5), last_update_time: at(7) },
];

const names = ['keen-finch', 'calm-heron', 'bold-otter', 'dry-lynx', 'vivid-wren', 'plain-stoat', 'late-crane', 'sure-mole', 'warm-shrike'];
const rounds = 80;

function trial(index, minutes, status = 'FINISHED') {
  const random = randomOf(100 + index);
  const depth = [3, 4, 5, 6, 6, 7, 8, 9, 6][index] ?? 3 + Math.floor(random() * 6);
  const eta = [0.3, 0.2, 0.15, 0.1, 0.08, 0.12, 0.2, 0.3, 0.1][index] ?? 0.1;
  const best = 0.643 + 0.009 * Math.exp(-((depth - 6) ** 2) / 6) + 0.03 * (1 - Math.abs(eta - 0.1)) + random() * 0.004;
  const auc = [];
  const loss = [];
  const steps = status === 'RUNNING' ? 31 : rounds;
  for (let step = 0; step < steps; step += 1) {
    const learnt = 1 - Math.exp((-step * eta) / 1.6);
    const over = depth > 6 ? Math.max(0, step - 45) * 0.0002 * (depth - 6) : 0;
    auc.push(0.578 + (best - 0.578) * learnt - over + (random() - 0.5) * 0.0012);
    loss.push(0.545 - 0.062 * learnt + over * 1.3 + (random() - 0.5) * 0.0008);
  }
  const begun = at(minutes);
  const id = hex(1000 + index, 32);
  const metrics = {
    test_auc: auc,
    test_logloss: loss,
    train_auc: auc.map((value, step) => value + 0.004 + step * 0.0003 * (depth / 6)),
  };
  const took = 21_000 + random() * 9_000;
  const last = (key, value, step) => ({ key, value, step, timestamp: Math.round(begun + (took * (step + 1)) / rounds) });
  const finals = status === 'RUNNING' ? [] : [last('accuracy', 0.7893 + random() * 0.003, 0), last('fit_seconds', took / 1000, 0)];
  return {
    run: {
      info: {
        run_id: id, run_uuid: id, run_name: names[index] ? `${names[index]}-${100 + index * 37}` : `trial-${index}`, experiment_id: '1', user_id: 'anonymous',
        status, start_time: begun, ...(status === 'RUNNING' ? {} : { end_time: Math.round(begun + took) }),
        artifact_uri: `mlflow-artifacts:/1/${id}/artifacts`, lifecycle_stage: 'active',
      },
      data: {
        metrics: [...Object.entries(metrics).map(([key, values]) => last(key, values.at(-1), values.length - 1)), ...finals],
        params: Object.entries({ max_depth: depth, eta, rounds, subsample: 0.8, objective: 'binary:logistic', min_child_weight: 1 + (index % 4), trial: index, seed: 17 })
          .map(([key, value]) => ({ key, value: String(value) })),
        tags: Object.entries({ 'mlflow.runName': names[index] ?? `trial-${index}`, 'mlflow.source.name': 'millwright demo flights', 'mlflow.source.type': 'LOCAL', study: index === 8 ? 'retrain' : 'first', 'mlflow.user': 'anonymous' })
          .map(([key, value]) => ({ key, value })),
      },
      inputs: {
        dataset_inputs: [
          { dataset: { name: index === 8 ? 'flights-live@1' : 'flights@1', digest: hex(7, 12), source_type: 'dataset', source: 'flights@1' }, tags: [{ key: 'mlflow.data.context', value: 'train' }] },
          { dataset: { name: index === 8 ? 'flights-live@1' : 'flights@1', digest: hex(8, 12), source_type: 'dataset', source: 'flights@1' }, tags: [{ key: 'mlflow.data.context', value: 'test' }] },
        ],
      },
    },
    histories: Object.fromEntries([
      ...Object.entries(metrics).map(([key, values]) => [key, values.map((value, step) => last(key, value, step))]),
      ...finals.map((metric) => [metric.key, [metric]]),
    ]),
  };
}

export const trials = [...names.slice(0, 8).map((_, i) => trial(i, 1 + (i % 2) * 0.02 + Math.floor(i / 2) * 0.45)), trial(8, 6.2)];
export const bestRun = trials[3].run.info.run_id;
export const retrainedRun = trials[8].run.info.run_id;

const curve = Array.from({ length: 60 }, (_, i) => i / 59);
export const artifacts = {
  'roc.json': JSON.stringify({ fpr: curve, tpr: curve.map((x) => x ** 0.47) }),
  'feature_importance.json': JSON.stringify({ hour: 412.6, origin: 233.1, day_of_week: 151.9, destination: 148.2, distance: 96.4, month: 41.7, day_of_month: 38.2 }),
  'params.json': JSON.stringify({ max_depth: 6, eta: 0.1 }),
  'model/MLmodel': 'artifact_path: model\nflavors:\n  onnx:\n    onnx_version: 1.17.0\n    data: model.onnx\n  xgboost:\n    data: model.ubj\nsignature:\n  inputs: \'[{"name": "hour", "type": "long"}, …]\'\n',
  'model/model.onnx': 'x'.repeat(2000),
  'model/model.ubj': 'x'.repeat(1000),
  'train.log': Array.from({ length: 80 }, (_, i) => `[${i}]\ttrain-auc:${(0.6 + i * 0.001).toFixed(5)}\ttest-auc:${(0.59 + i * 0.0009).toFixed(5)}`).join('\n'),
};

// ---------------------------------------------------------------- registry

export const signature = {
  inputs: [
    { name: 'month', type: 'long' }, { name: 'day_of_month', type: 'long' }, { name: 'day_of_week', type: 'long' }, { name: 'hour', type: 'long' },
    { name: 'distance', type: 'double' }, { name: 'origin', type: 'string' }, { name: 'destination', type: 'string' },
  ],
  outputs: [{ name: 'late_probability', type: 'double' }],
};

export const modelVersions = [
  { name: 'flights-late', version: '1', creation_timestamp: at(3.4), last_updated_timestamp: at(3.6), user_id: 'anonymous', current_stage: 'None', description: 'Trained on January and February 2001', source: `runs:/${bestRun}/model`, run_id: bestRun, status: 'READY', aliases: ['champion'], tags: [{ key: 'trainer', value: 'xgboost' }] },
  { name: 'flights-late', version: '2', creation_timestamp: at(6.9), last_updated_timestamp: at(8), user_id: 'pipeline:retrain-flights', current_stage: 'None', description: 'Retrained after the drift alert', source: `runs:/${retrainedRun}/model`, run_id: retrainedRun, status: 'READY', aliases: ['challenger'], tags: [{ key: 'trainer', value: 'xgboost' }] },
];
export const models = [
  { name: 'flights-late', creation_timestamp: at(3.4), last_updated_timestamp: at(8), description: 'Arrives more than 15 minutes late, from what is known before departure', latest_versions: [modelVersions[1]], aliases: [{ alias: 'champion', version: '1' }, { alias: 'challenger', version: '2' }] },
];

export const checks = {
  1: [
    { name: 'parity', passed: true, summary: 'XGBoost and ONNX agree on 1,012,344 rows', details: { max_abs_difference: 4.17e-7, limit: 1e-5, rows: 1012344 }, created_ms: at(3.2) },
    { name: 'auc', passed: true, summary: 'AUC 0.6790 ≥ 0.6', details: { auc: 0.67903, limit: 0.6, split: 'test' }, created_ms: at(3.45) },
    { name: 'suite', passed: true, summary: 'flights_suite passed: 24 of 24 expectations', details: { validation: 'v-1' }, created_ms: at(3.45) },
    { name: 'scan', passed: true, summary: 'No code in the model files', created_ms: at(3.41) },
  ],
  2: [
    { name: 'parity', passed: true, summary: 'XGBoost and ONNX agree on 412,118 rows', details: { max_abs_difference: 3.9e-7, limit: 1e-5 }, created_ms: at(6.85) },
    { name: 'auc', passed: true, summary: 'AUC 0.6655 ≥ 0.6', details: { auc: 0.66551, limit: 0.6 }, created_ms: at(6.95) },
    { name: 'better than champion', passed: false, summary: 'AUC 0.6655 is not better than champion v1 at 0.6661 on the same rows', details: { challenger: 0.66551, champion: 0.66612, needed: 0.002 }, created_ms: at(7.9) },
  ],
};

export const history = [
  { time_ms: at(8), who: 'pipeline:retrain-flights', kind: 'gate.refused', summary: 'champion stays at v1: challenger is not better by 0.002 AUC', version: '2', alias: 'champion' },
  { time_ms: at(7), who: 'pipeline:retrain-flights', kind: 'alias.moved', summary: 'challenger → v2', version: '2', alias: 'challenger' },
  { time_ms: at(6.9), who: 'pipeline:retrain-flights', kind: 'model_version.created', summary: 'registered v2 from run ' + retrainedRun.slice(0, 8), version: '2' },
  { time_ms: at(3.6), who: 'anonymous', kind: 'alias.moved', summary: 'champion → v1 (gates passed: auc, parity, suite)', version: '1', alias: 'champion' },
  { time_ms: at(3.4), who: 'anonymous', kind: 'model_version.created', summary: 'registered v1 from run ' + bestRun.slice(0, 8), version: '1' },
];

// ---------------------------------------------------------------- data

const columns = [
  { name: 'date', type: 'TIMESTAMP' }, { name: 'delay', type: 'INTEGER' }, { name: 'distance', type: 'INTEGER' }, { name: 'origin', type: 'VARCHAR' }, { name: 'destination', type: 'VARCHAR' },
];
const dataset = (name, version, row_count, bytes, minutes, source) => ({ name, version, sha256: hex(50 + version + name.length, 64), bytes, row_count, created_ms: at(minutes), source, columns });
export const datasets = {
  flights: { name: 'flights', versions: [dataset('flights', 1, 3_000_000, 13_482_114, 0.2, 'examples/flights/us_flights_2001h1.parquet')], splits: [
    { id: hex(61, 16), name: 'flights', version: 1, kind: 'time', spec: { kind: 'time', column: 'date', parts: [{ name: 'train', from: '2001-01-01', to: '2001-03-01' }, { name: 'test', from: '2001-03-01', to: '2001-04-01' }] }, unassigned_count: 1_539_544, parts: [{ name: 'train', row_count: 948_112 }, { name: 'test', row_count: 512_344 }], created_ms: at(0.8) },
  ] },
  'flights-dirty': { name: 'flights-dirty', versions: [dataset('flights-dirty', 1, 40_000, 512_338, 0.6, 'examples/flights/dirty.csv')], splits: [] },
  'flights-live': { name: 'flights-live', versions: [dataset('flights-live', 2, 51_204, 902_881, 6.4, 'endpoint:flights-late predictions with outcomes'), dataset('flights-live', 1, 31_877, 561_220, 6.1, 'endpoint:flights-late predictions with outcomes')], splits: [] },
};

function bell(edges, middle, width) {
  return edges.slice(0, -1).map((edge, i) => Math.round(90_000 * Math.exp(-(((edge + edges[i + 1]) / 2 - middle) ** 2) / (2 * width ** 2))) + 40);
}
const delayEdges = Array.from({ length: 25 }, (_, i) => -60 + i * 10);
const distanceEdges = Array.from({ length: 25 }, (_, i) => i * 120);
export const profile = (rows) => ({
  row_count: rows,
  columns: [
    { name: 'date', type: 'TIMESTAMP', missing: 0, distinct: Math.round(rows * 0.072), min: '2001-01-01 00:01', max: '2001-06-30 23:59', histogram: { edges: Array.from({ length: 27 }, (_, i) => i), counts: Array.from({ length: 26 }, (_, i) => 110_000 + ((i * 7919) % 9000)) } },
    { name: 'delay', type: 'INTEGER', missing: 0, distinct: 761, min: -78, max: 1437, mean: 6.71, stddev: 31.4, quantiles: { p05: -19, p25: -9, p50: -2, p75: 10, p95: 60 }, histogram: { edges: delayEdges, counts: bell(delayEdges, -3, 16) } },
    { name: 'distance', type: 'INTEGER', missing: Math.round(rows * 0.0004), distinct: 1242, min: 21, max: 4962, mean: 735.2, stddev: 579.1, quantiles: { p05: 157, p25: 328, p50: 573, p75: 977, p95: 2036 }, histogram: { edges: distanceEdges, counts: distanceEdges.slice(0, -1).map((x) => Math.round(420_000 * (x + 60) * Math.exp(-(x + 60) / 420) * 0.006)) } },
    { name: 'origin', type: 'VARCHAR', missing: 0, distinct: 231, min: 'ABE', max: 'YUM', top_values: airports.slice(0, 5).map((value, i) => ({ value, count: Math.round(rows * (0.056 - i * 0.006)) })) },
    { name: 'destination', type: 'VARCHAR', missing: 0, distinct: 230, min: 'ABE', max: 'YUM', top_values: airports.slice(0, 5).map((value, i) => ({ value, count: Math.round(rows * (0.055 - i * 0.0058)) })) },
  ],
});

export function rowsOf(limit, offset) {
  return {
    columns,
    rows: Array.from({ length: limit }, (_, i) => {
      const random = randomOf(offset + i);
      return [`2001-0${1 + Math.floor(random() * 6)}-${String(1 + Math.floor(random() * 28)).padStart(2, '0')} ${String(5 + Math.floor(random() * 18)).padStart(2, '0')}:${String(Math.floor(random() * 60)).padStart(2, '0')}`, Math.round(-12 + random() ** 4 * 160), random() < 0.02 ? null : Math.round(100 + random() * 2000), airports[Math.floor(random() * 16)], airports[Math.floor(random() * 16)]];
    }),
  };
}

export const validations = [
  { id: 'v-2', suite: 'flights_suite', dataset: 'flights-dirty', version: 1, success: false, evaluated: 24, unsuccessful: 5, created_ms: at(0.7) },
  { id: 'v-1', suite: 'flights_suite', dataset: 'flights', version: 1, success: true, evaluated: 24, unsuccessful: 0, created_ms: at(0.5) },
];

const expectations = [
  ['expect_table_row_count_to_be_between', { min_value: 10_000 }, 3_000_000],
  ['expect_table_columns_to_match_set', { column_set: ['date', 'delay', 'distance', 'origin', 'destination'] }],
  ['expect_column_values_to_not_be_null', { column: 'date' }],
  ['expect_column_values_to_not_be_null', { column: 'origin' }],
  ['expect_column_values_to_not_be_null', { column: 'distance', mostly: 0.999 }],
  ['expect_column_values_to_be_between', { column: 'delay', min_value: -120, max_value: 1800 }],
  ['expect_column_values_to_be_between', { column: 'distance', min_value: 10, max_value: 5200 }],
  ['expect_column_values_to_match_regex', { column: 'origin', regex: '^[A-Z]{3}$' }],
  ['expect_column_values_to_match_regex', { column: 'destination', regex: '^[A-Z]{3}$' }],
  ['expect_column_value_lengths_to_equal', { column: 'origin', value: 3 }],
  ['expect_column_mean_to_be_between', { column: 'delay', min_value: 0, max_value: 20 }, 6.71],
  ['expect_column_median_to_be_between', { column: 'distance', min_value: 300, max_value: 900 }, 573],
  ['expect_column_stdev_to_be_between', { column: 'delay', min_value: 10, max_value: 60 }, 31.4],
  ['expect_column_unique_value_count_to_be_between', { column: 'origin', min_value: 100, max_value: 400 }, 231],
  ['expect_column_min_to_be_between', { column: 'distance', min_value: 10 }, 21],
  ['expect_column_max_to_be_between', { column: 'distance', max_value: 5200 }, 4962],
  ['expect_column_quantile_values_to_be_between', { column: 'delay', quantile: 0.5 }, -2],
  ['expect_column_pair_values_a_to_be_different_from_b', { column_A: 'origin', column_B: 'destination' }],
];
export function validation(id) {
  const summary = validations.find((each) => each.id === id);
  if (!summary) return undefined;
  const broken = summary.success ? new Set() : new Set([4, 5, 6, 7, 9]);
  const bad = { 4: [null, null, null], 5: [9999, -4000, 7777], 6: [-12, 99999, 0], 7: ['or1', '???', 'lax'], 9: ['or1x', ''] };
  const results = expectations.map(([type, kwargs, observed], i) => ({
    success: !broken.has(i),
    expectation_config: { type, kwargs },
    result: broken.has(i)
      ? {
          element_count: 40_000, unexpected_count: 37 + i * 11, unexpected_percent: (37 + i * 11) / 400, partial_unexpected_list: bad[i],
          unexpected_rows: bad[i].map((value, j) => ({ row: 811 + j * 397, date: '2001-02-0' + (j + 1) + ' 10:2' + j, delay: i === 5 ? value : 4 + j, distance: i === 4 || i === 6 ? value : 733, origin: i === 7 || i === 9 ? value : 'ATL', destination: 'ORD' })),
        }
      : { element_count: 40_000, unexpected_count: 0, ...(observed === undefined ? {} : { observed_value: observed }) },
  }));
  return {
    success: summary.success,
    results,
    statistics: { evaluated_expectations: results.length, successful_expectations: results.length - broken.size, unsuccessful_expectations: broken.size, success_percent: 100 * (1 - broken.size / results.length) },
    meta: { suite: summary.suite, dataset: summary.dataset, version: summary.version, created_ms: summary.created_ms },
  };
}

// ---------------------------------------------------------------- endpoint

const replica = (id, state, minutes, requests) => ({ id, state, pid: 41_000 + Math.round(minutes * 100), requests, errors: 0, outstanding: 0, median_us: 410, started_ms: at(minutes) });
export const endpoint = {
  name: 'flights-late', model: 'flights-late', state: 'ready', url: '/endpoints/flights-late/invocations', live_version: '1', signature,
  policy: {
    sticky_by: 'header:X-User', hedge_percent: 5, eject_errors: 5, eject_slowness: 5, cache_ttl_ms: 60_000, cache_bytes: 67_108_864, requests_per_s: 200, burst: 0,
    rows_per_day: 1_000_000, request_bytes: 0, response_bytes: 0, replicas_min: 1, replicas_max: 4, replica_concurrency: 4, quiet_ms: 60_000,
  },
  held: 0, hedges: { sent: 31, won: 12, refused: 0 }, cache: { hits: 812, misses: 9_400, entries: 2_114, bytes: 812_400 },
  limits: { refused: 3, too_large: 0, callers: [{ principal: 'ada', rows_today: 48_204, refused: 3 }] },
  revisions: [
    { id: 'flights-late-r3', slots: '90-99', replicas_wanted: 1, median_us: 410, p95_us: 980, model_version: '2', role: 'canary', weight: 10, created_ms: at(7.4), replicas: [replica('flights-late-r3-1', 'ready', 7.4, 1_204)] },
    { id: 'flights-late-r2', slots: '', replicas_wanted: 1, median_us: 410, p95_us: 980, model_version: '2', role: 'shadow', weight: 0, created_ms: at(7.1), replicas: [replica('flights-late-r2-1', 'draining', 7.1, 4_802)] },
    { id: 'flights-late-r0', slots: '', replicas_wanted: 1, median_us: 410, p95_us: 980, model_version: '1', role: 'retired', weight: 0, created_ms: at(3.65), requests: 12, errors: 0, replicas: [] },
    { id: 'flights-late-r1', slots: '0-89', replicas_wanted: 1, median_us: 410, p95_us: 980, model_version: '1', role: 'live', weight: 90, created_ms: at(3.7), replicas: [replica('flights-late-r1-1', 'ready', 3.7, 25_601), replica('flights-late-r1-2', 'ready', 3.8, 24_399)] },
  ],
};

const bucket_ms = 5_000;
export function traffic(buckets, now = Date.now()) {
  const last = Math.floor(now / bucket_ms);
  return {
    bucket_ms,
    band_ends_ms: Array.from({ length: 48 }, (_, i) => 2 ** ((i + 1) / 2) / 1000),
    buckets: Array.from({ length: buckets }, (_, i) => {
      const slot = last - buckets + 1 + i;
      const random = randomOf(slot);
      const share = slot === last ? (now % bucket_ms) / bucket_ms : 1;
      const requests = Math.round((880 + 240 * Math.sin(slot / 9) + random() * 90) * share);
      return { start_ms: slot * bucket_ms, requests, errors: 0, p50_ms: 0.41 + random() * 0.05, p99_ms: 1.7 + random() * 0.9 + (slot % 17 === 0 ? 2.4 : 0), bands: [[16, Math.round(requests * 0.3)], [17, Math.round(requests * 0.5)], [19, Math.round(requests * 0.15)], [22, Math.round(requests * 0.05)]] };
    }),
  };
}

export function predictions(limit, now = Date.now()) {
  const last = Math.floor(now / 700);
  return Array.from({ length: limit }, (_, i) => {
    const random = randomOf(last - i);
    const hour = 5 + Math.floor(random() * 18);
    const probability = Math.min(0.93, 0.06 + 0.28 * (hour / 24) + random() ** 3 * 0.5);
    const event = Date.UTC(2001, 5, 11) + ((last - i) % 4000) * 60_000;
    const canary = random() < 0.1;
    const known = i > 14;
    return {
      id: hex(last - i, 16), time_ms: now - i * 700, event_time_ms: event, model_version: canary ? '2' : '1', revision: canary ? 'flights-late-r3' : 'flights-late-r1', role: canary ? 'canary' : 'live',
      latency_us: Math.round(320 + random() * 400),
      inputs: { month: 6, day_of_month: 1 + Math.floor(random() * 30), day_of_week: Math.floor(random() * 7), hour, distance: Math.round(120 + random() * 1800), origin: airports[Math.floor(random() * 16)], destination: airports[Math.floor(random() * 16)] },
      outputs: { late_probability: Number(probability.toFixed(6)) },
      ...(known ? { outcome: random() < probability ? 1 : 0, outcome_time_ms: now - i * 300 } : {}),
    };
  });
}

// ---------------------------------------------------------------- monitor

const weekCount = 13;
const firstWeek = Date.UTC(2001, 3, 1);
const features = [
  ['month', 'long', 0.16, 0.09], ['hour', 'long', 0.015, 0.0016], ['distance', 'double', 0.01, 0.0021], ['origin', 'string', 0.03, 0.008],
  ['destination', 'string', 0.028, 0.0078], ['day_of_week', 'long', 0.006, 0.0004], ['day_of_month', 'long', 0.02, 0.001],
];
const limit = 0.25;
const driftWindows = Array.from({ length: weekCount }, (_, week) => {
  const random = randomOf(500 + week);
  return {
    start_ms: firstWeek + week * 7 * day, end_ms: firstWeek + (week + 1) * 7 * day, rows: 3_700 + Math.round(random() * 400),
    features: features.map(([name, , base, slope]) => {
      const score = base + slope * week * (1 + random() * 0.25) + random() * 0.006;
      return { name, method: 'psi', score, threshold: limit, drifted: score > limit, status: 'measured', type: '' };
    }),
  };
});
const performanceWindows = driftWindows.map((window, week) => {
  const random = randomOf(700 + week);
  const late = week > weekCount - 3 ? 0.4 + random() * 0.2 : 0.96 + random() * 0.03;
  return {
    start_ms: window.start_ms, end_ms: window.end_ms, predictions: window.rows, outcomes: Math.round(window.rows * late),
    auc: 0.676 - week * 0.0031 + (random() - 0.5) * 0.012 - (week > 9 ? 0.03 : 0), log_loss: 0.492 + week * 0.003, accuracy: 0.793 - week * 0.002, threshold: 0.62,
  };
});
export const health = {
  monitor: 'flights-late', endpoint: 'flights-late', model: 'flights-late', reference: 'flights-late@1', window_ms: 7 * day, rows_min: 500, outcomes_min: 200,
  coverage_min: 0.5, auc_threshold: 0.62, where: '', partial: false, task: 'binary',
  estimate: {
    method: 'cbpe', caveat: "Estimated from the model's own probabilities: changed inputs are seen, concept drift is not.", windows_needed: 3,
    reference: { from_ms: firstWeek, to_ms: firstWeek + 42 * day, windows: 6, rows: 23_000, calibrated: false },
  },
  windows: performanceWindows.map((window, week) => ({
    start_ms: window.start_ms, end_ms: window.end_ms, complete: week < weekCount - 1, predictions: window.predictions, outcomes: window.outcomes,
    coverage: window.outcomes / window.predictions, requests: window.predictions + 3, errors: 3, latency_p50_ms: 0.43, latency_p90_ms: 0.9, latency_p99_ms: 2.1,
    positive_rate_predicted: 0.21, positive_rate_actual: 0.24, judged_for_drift: week < weekCount - 1, judged_for_performance: week < weekCount - 1,
    features: driftWindows[week].features,
    figures: [
      { name: 'roc_auc', realised: window.auc, estimated: window.auc + 0.006, lower: 0.64, upper: 0.7, alert: false },
      { name: 'accuracy', realised: window.accuracy, estimated: window.accuracy, lower: 0.75, upper: 0.83, alert: false },
    ],
  })),
  timeline: [
    { time_ms: at(7.6), event_time_ms: firstWeek + 77 * day, kind: 'alert', state: 'open', title: 'performance auc', detail: 'AUC 0.609 fell below 0.62', subject: 'alert:2' },
    { time_ms: at(6), event_time_ms: firstWeek + 63 * day, kind: 'alert', state: 'closed', title: 'drift month', detail: 'PSI of month rose to 0.271', subject: 'alert:1' },
    { time_ms: at(1), event_time_ms: firstWeek, kind: 'deployment', state: 'live', title: 'version 1 became live', detail: 'revision r1', subject: 'endpoint:flights-late' },
  ],
};
const figuresOf = (rows, error_rate) => ({ rows, error_rate, precision: 0.6, selection_rate: 0.21, true_positive_rate: 0.4, false_positive_rate: 0.08, cost: rows * error_rate });
export const slices = {
  all: figuresOf(46_210, 0.21),
  slices: [{ input: 'hour', value: '18 to 23', worse: true, p: 1e-9, adjusted_p: 1e-8, figures: figuresOf(9_000, 0.29) }, { input: 'origin', value: 'ORD', worse: false, p: 0.2, adjusted_p: 0.4, figures: figuresOf(2_400, 0.22) }],
  disparities: [{ input: 'hour', groups: 5, selection_rate: 0.2, true_positive_rate: 0.3, false_positive_rate: 0.1 }],
};
export const preview = {
  endpoint: 'flights-late', reference: 'flights-late@1', profile_features: features.map(([name]) => name), rows_min: 500, auc_threshold: 0.62, rows: 51_204, partial: false,
  windows: health.windows.map((window, week) => ({ ...window, verdict: week < weekCount - 1 ? 'quiet' : 'incomplete', auc: performanceWindows[week].auc })),
  alerts: [],
};
export const monitor = {
  name: 'flights-late', endpoint: 'flights-late', model: 'flights-late', reference: 'flights-late@1',
  spec: {
    name: 'flights-late', endpoint: 'flights-late', model: 'flights-late', reference: 'flights-late@1', features: [], probability_output: 'late_probability',
    decision_threshold: 0.5, positive_label: 'true', window_ms: 7 * day, window_origin_ms: 0, rows_min: 500, psi_threshold: limit, psi_thresholds: {}, drift_share_min: 0,
    outcomes_min: 200, coverage_min: 0.5, preset: 'psi', season: '', consecutive_windows: 1,
  },
  profile_features: features.map(([name]) => name), thresholds: { psi: limit, auc: 0.62 },
  summary: {
    predictions: 50_000, outcomes: 46_210, coverage: 0.9242, latency_p50_ms: 0.43, latency_p99_ms: 2.1, positive_rate_predicted: 0.214, positive_rate_actual: 0.2397,
    features: features.map(([name, type]) => {
      const last = driftWindows.at(-1).features.find((each) => each.name === name);
      return { name, type, score: last.score, drifted: last.drifted };
    }),
  },
};
export function distribution(feature, start_ms) {
  const week = Math.max(0, driftWindows.findIndex((window) => window.start_ms === start_ms));
  const shares = (values) => {
    const total = values.reduce((sum, value) => sum + value, 0);
    return values.map((value) => value / total);
  };
  if (feature === 'origin' || feature === 'destination') {
    const random = randomOf(feature.length);
    const reference = airports.slice(0, 12).map((_, i) => 12 - i * 0.8 + random());
    return { feature, categories: [...airports.slice(0, 12), 'other'], reference: shares([...reference, 40]), current: shares([...reference.map((value, i) => value * (1 + ((i * 5) % 7) * 0.05 * (1 + week / 6))), 40]) };
  }
  if (feature === 'month') {
    const edges = [1, 2, 3, 4, 5, 6, 7];
    const month = Math.min(5, 3 + Math.floor(week / 4.4));
    return { feature, edges, reference: [0.34, 0.31, 0.35, 0, 0, 0], current: edges.slice(0, -1).map((_, i) => (i === month ? 1 : 0)) };
  }
  const edges = feature === 'distance' ? [0, 200, 400, 600, 800, 1000, 1300, 1700, 2200, 5000] : feature === 'hour' ? Array.from({ length: 13 }, (_, i) => i * 2) : Array.from({ length: 8 }, (_, i) => i);
  const bins = edges.length - 1;
  const reference = Array.from({ length: bins }, (_, i) => 1 + 5 * Math.exp(-((i - bins / 2) ** 2) / bins));
  return { feature, edges, reference: shares(reference), current: shares(reference.map((value, i) => value * (1 + (i / bins - 0.5) * 0.05 * (week + 2)))) };
}
export const alerts = [
  { id: '2', monitor: 'flights-late', kind: 'performance', value: 0.6093, threshold: 0.62, state: 'open', opened_ms: at(7.6), message: 'AUC 0.609 fell below 0.62 in 2001-06-10 – 2001-06-16' },
  { id: '1', monitor: 'flights-late', kind: 'drift', feature: 'month', value: 0.2713, threshold: limit, state: 'closed', opened_ms: at(6), closed_ms: at(8), message: 'PSI of month rose to 0.271, limit 0.25', pipeline_run: 'pr-0001' },
];

// ---------------------------------------------------------------- pipeline

const task = (name, depends_on, state, from, to, outputs = {}, attempts) => ({
  name, depends_on, state, outputs,
  attempts: attempts ?? (from === undefined ? [] : [{ number: 1, state, started_ms: at(from), ...(to === undefined ? {} : { ended_ms: at(to), exit_code: 0 }) }]),
});
export const pipelineRuns = [
  {
    id: 'pr-0001', pipeline: 'retrain-flights', state: 'held', trigger: 'alert:1', created_ms: at(6), ended_ms: at(8), params: { model: 'flights-late', since: '2001-04-01' },
    tasks: [
      task('collect', [], 'succeeded', 6, 6.1, { dataset: 'dataset:flights-live@1', rows: 31_877 }),
      task('validate', ['collect'], 'succeeded', 6.1, 6.15, { validation: 'validation:v-1' }),
      task('split', ['collect'], 'succeeded', 6.1, 6.13, { train: 25_501, test: 6_376 }),
      task('train', ['validate', 'split'], 'succeeded', 6.2, 6.8, { run: `run:${retrainedRun}`, auc: 0.66551 }, [
        { number: 1, state: 'failed', started_ms: at(6.16), ended_ms: at(6.2), exit_code: 137, error: 'killed by signal 9 (lease of worker local-1 was missed)' },
        { number: 2, state: 'succeeded', started_ms: at(6.22), ended_ms: at(6.8), exit_code: 0 },
      ]),
      task('convert', ['train'], 'succeeded', 6.8, 6.86, { max_abs_difference: 3.9e-7 }),
      task('register', ['convert', 'validate'], 'succeeded', 6.88, 6.96, { model: 'model:flights-late@2' }),
      task('shadow', ['register'], 'succeeded', 7, 7.4, { compared: 4_802, disagreements: 0.031 }),
      task('canary', ['shadow'], 'succeeded', 7.4, 7.9, { requests: 1_204, failed: 0 }),
      task('promote', ['canary'], 'held', 7.9, 8, { reason: 'challenger is not better by 0.002 AUC' }),
    ],
  },
  {
    id: 'pr-0002', pipeline: 'retrain-flights', state: 'running', trigger: 'alert:2', created_ms: at(8.8), params: { model: 'flights-late', since: '2001-05-01' },
    tasks: [
      task('collect', [], 'succeeded', 8.8, 8.85, { dataset: 'dataset:flights-live@2' }), task('validate', ['collect'], 'succeeded', 8.85, 8.88), task('split', ['collect'], 'succeeded', 8.85, 8.87),
      task('train', ['validate', 'split'], 'running', 8.9), task('convert', ['train'], 'pending'), task('register', ['convert', 'validate'], 'pending'), task('shadow', ['register'], 'pending'), task('canary', ['shadow'], 'pending'), task('promote', ['canary'], 'pending'),
    ],
  },
];
export function logOf(run, name, now = Date.now()) {
  const lines = run.state === 'running' && name === 'train' ? 40 + Math.floor((now - start) / 1000) : 64;
  return Array.from({ length: lines }, (_, i) => `${new Date(run.created_ms + i * 400).toISOString()} ${name}: ${name === 'train' ? `round ${i} test-auc ${(0.6 + 0.06 * (1 - Math.exp(-i / 20))).toFixed(5)}` : `line ${i}`}`).join('\n') + '\n';
}

// ---------------------------------------------------------------- lineage and events

const lineageEdges = [
  ['source:us_flights_2001h1', 'dataset:flights@1', 'archived as'], ['dataset:flights@1', 'split:' + hex(61, 16), 'split into'], ['split:' + hex(61, 16), `run:${bestRun}`, 'train, test'],
  [`run:${bestRun}`, 'model:flights-late@1', 'registered as'], ['model:flights-late@1', 'endpoint:flights-late', 'serves'], ['endpoint:flights-late', 'monitor:flights-late', 'watched by'],
  ['model:flights-late@1', 'monitor:flights-late', 'reference of'], ['monitor:flights-late', 'alert:1', 'raised'], ['alert:1', 'pipeline_run:pr-0001', 'started'], ['endpoint:flights-late', 'dataset:flights-live@1', 'logged to'],
  ['dataset:flights-live@1', `run:${retrainedRun}`, 'train, test'], ['pipeline_run:pr-0001', `run:${retrainedRun}`, 'ran'], [`run:${retrainedRun}`, 'model:flights-late@2', 'registered as'],
];
export function lineage(node, depth) {
  const near = new Set([node]);
  for (let i = 0; i < depth; i += 1) {
    const reached = lineageEdges.filter(([from, to]) => near.has(from) || near.has(to)).flatMap(([from, to]) => [from, to]);
    for (const id of reached) near.add(id);
  }
  const edges = lineageEdges.filter(([from, to]) => near.has(from) && near.has(to));
  const nodes = [...new Set(edges.flatMap(([from, to]) => [from, to]))];
  return {
    nodes: nodes.map((id) => ({ id, kind: id.slice(0, id.indexOf(':')), label: id.slice(id.indexOf(':') + 1) })),
    edges: edges.map(([from, to, label]) => ({ from, to, label })),
  };
}

const happened = [
  [0.2, 'dataset.version_created', 'dataset:flights@1', 'anonymous', { rows: 3_000_000 }], [0.5, 'validation.finished', 'dataset:flights@1', 'anonymous', { success: true, suite: 'flights_suite', expectations: 24 }],
  [0.7, 'validation.finished', 'dataset:flights-dirty@1', 'anonymous', { success: false, suite: 'flights_suite', unsuccessful: 5 }], [0.8, 'split.created', 'dataset:flights@1', 'anonymous', { kind: 'time' }],
  ...trials.slice(0, 8).flatMap(({ run }, i) => [[1 + i * 0.2, 'run.created', `run:${run.info.run_id}`, 'anonymous', { name: run.info.run_name }], [1.4 + i * 0.22, 'run.finished', `run:${run.info.run_id}`, 'anonymous', { test_auc: run.data.metrics[0].value }]]),
  [3.4, 'model_version.created', 'model:flights-late@1', 'anonymous', { run: bestRun.slice(0, 8) }], [3.6, 'alias.moved', 'model:flights-late@1', 'anonymous', { alias: 'champion' }],
  [3.7, 'endpoint.created', 'endpoint:flights-late', 'anonymous', { model_version: '1' }], [3.8, 'replica.started', 'endpoint:flights-late', 'gateway', { replica: 'r1-1' }],
  [6, 'alert.opened', 'alert:1', 'monitor:flights-late', { feature: 'month', value: 0.2713 }], [6, 'pipeline_run.started', 'pipeline_run:pr-0001', 'alert:1', { pipeline: 'retrain-flights' }],
  [6.2, 'task.retried', 'pipeline_run:pr-0001', 'worker:local-1', { task: 'train', attempt: 1 }], [6.9, 'model_version.created', 'model:flights-late@2', 'pipeline:retrain-flights', { run: retrainedRun.slice(0, 8) }],
  [7.1, 'revision.created', 'endpoint:flights-late', 'pipeline:retrain-flights', { role: 'shadow', model_version: '2' }], [7.4, 'revision.created', 'endpoint:flights-late', 'pipeline:retrain-flights', { role: 'canary', weight: 10 }],
  [8, 'pipeline_run.finished', 'pipeline_run:pr-0001', 'pipeline:retrain-flights', { state: 'held', reason: 'challenger is not better by 0.002 AUC' }], [8.8, 'pipeline_run.started', 'pipeline_run:pr-0002', 'alert:2', { pipeline: 'retrain-flights' }],
];
export const events = happened.sort((a, b) => a[0] - b[0]).map(([minutes, kind, subject, who, payload], i) => ({ seq: i + 1, time_ms: at(minutes), kind, subject, who, payload }));
