import { expect, test } from 'vitest';
import type { MonitorSpec } from './api/monitors';
import { bodyOf, draftOf, emptyDetector, emptyDraft, isTriable, problemsOf, withPreset, type Draft } from './monitor-draft';

const spec = {
  name: 'm', endpoint: 'e', model: 'flights', reference: 'e from 1 to 2', features: ['a'], probability_output: 'p', decision_threshold: 0.5, positive_label: 'true',
  window_ms: 604_800_000, window_origin_ms: 978_307_200_000, since_ms: 0, rows_min: 300, psi_threshold: 0.2, psi_thresholds: { a: 0.4 }, drift_share_min: 0,
  outcomes_min: 200, coverage_min: 0.5, reference_auc: 0.8, auc_drop_max: 0.02, preset: 'psi', season: '', false_discovery_rate: 0.05, consecutive_windows: 2,
} as MonitorSpec; // prettier-ignore

test('what was not changed stays, with the reference of the monitor itself', () => {
  const body = bodyOf(draftOf(spec), spec);
  expect(body).toMatchObject({
    name: 'm', psi_thresholds: { a: 0.4 }, positive_label: 'true', window_ms: 604_800_000, window_origin_ms: 978_307_200_000, rows_min: 300, preset: 'psi',
    consecutive_windows: 2, auc_drop_max: 0.02, reference_monitor: 'm',
  }); // prettier-ignore
  expect(body).not.toHaveProperty('reference_auc');
  expect(body).not.toHaveProperty('reference');
});

test('another window begins at its own hour, weeks on Mondays', () => {
  expect(bodyOf({ ...draftOf(spec), window: 'day' }, spec)).toMatchObject({ window_ms: 86_400_000, window_origin_ms: 0 });
  expect(bodyOf({ ...emptyDraft, window: 'week' })).toMatchObject({ window_ms: 604_800_000, window_origin_ms: 345_600_000 });
  expect(bodyOf({ ...emptyDraft, window: 'other', hours: '6' })).toMatchObject({ window_ms: 21_600_000 });
});

test('limits that are left empty are none', () => {
  expect(bodyOf({ ...draftOf(spec), auc_drop_max: '' }, spec)).not.toHaveProperty('auc_drop_max');
  expect(bodyOf({ ...emptyDraft, auc_min: '0.7' })).toMatchObject({ auc_min: 0.7 });
});

test('a draft is tried once it says what to compare with what', () => {
  expect(isTriable(emptyDraft)).toBe(false);
  expect(isTriable({ ...emptyDraft, endpoint: 'e' })).toBe(false);
  expect(isTriable({ ...emptyDraft, endpoint: 'e', from: '2001-01-01', to: '2001-02-01' })).toBe(true);
  expect(isTriable({ ...emptyDraft, endpoint: 'e', reference: 'version', model: 'm' })).toBe(true);
});

const full = {
  ...spec, task: 'binary', costs: { true_positive: -2, false_positive: 1, true_negative: 0, false_negative: 5, over: 1, under: 1 },
  detectors: [{ of: 'error', method: 'cusum', rows_between_false_alarms: 5000, shift: 1 }, { of: 'feature', feature: 'a', method: 'adwin', rows_between_false_alarms: 100_000 }],
  feature_times: { a: 'a_at' }, stale_after_ms: 7_200_000, since_ms: 1_700_000_000_000,
}; // prettier-ignore

test('all that a monitor takes comes back as it was', () => {
  const body = bodyOf(draftOf(full), full);
  const { reference, reference_auc, ...rest } = full;
  expect(body).toEqual({ ...rest, reference_monitor: 'm' });
  expect([reference, reference_auc]).toHaveLength(2);
});

test('what is taken out is left out', () => {
  const body = bodyOf({ ...draftOf(full), has_costs: false, detectors: [], feature_times: [], psi_thresholds: {}, task: '', since: '' }, full);
  for (const key of ['costs', 'detectors', 'feature_times', 'stale_after_ms', 'psi_thresholds', 'task']) expect(body).not.toHaveProperty(key);
  expect(body['since_ms']).toBe(0);
});

test('own limits go with their preset', () => {
  const draft = { ...draftOf(full), tests: { a: 'ks' }, test_thresholds: { a: '0.01' } };
  expect(bodyOf(draft, full)).toMatchObject({ psi_thresholds: { a: 0.4 } });
  expect(bodyOf(draft, full)).not.toHaveProperty('tests');
  const evidently = bodyOf({ ...draft, preset: 'evidently' }, full);
  expect(evidently).toMatchObject({ tests: { a: 'ks' }, test_thresholds: { a: 0.01 }, season: '' });
  expect(evidently).not.toHaveProperty('psi_thresholds');
});

test('a preset brings its defaults, unless somebody chose otherwise', () => {
  expect(withPreset(emptyDraft, 'psi').psi_threshold).toBe('0.2');
  expect(withPreset({ ...emptyDraft, psi_threshold: '0.3' }, 'psi').psi_threshold).toBe('0.3');
  expect(withPreset(emptyDraft, 'evidently').drift_share_min).toBe('0.5');
  expect(withPreset(withPreset(emptyDraft, 'evidently'), 'millwright').drift_share_min).toBe('0');
});

test('a regression has limits of its own, and an AUC none', () => {
  const draft: Draft = { ...emptyDraft, task: 'regression', auc_min: '0.7', mae_max: '12', rmse_rise_max: '0.2', reference_rmse: '30' };
  const body = bodyOf(draft);
  expect(body).toMatchObject({ task: 'regression', mae_max: 12, rmse_rise_max: 0.2, reference_rmse: 30 });
  expect(body).not.toHaveProperty('auc_min');
  expect(problemsOf({ ...draft, auc_min: 'x' })).toEqual({});
  expect(problemsOf({ ...draft, mae_max: '-1' })).toHaveProperty('mae_max');
});

test('what is wrong is said where it stands', () => {
  const draft: Draft = {
    ...emptyDraft, rows_min: '0', coverage_min: '2', consecutive_windows: '1.5', since: 'soon', origin: '2001-01-01 06:00', psi_thresholds: { a: '-1', b: '0.2' },
    has_costs: true, costs: { ...emptyDraft.costs, over: 'much' },
    detectors: [{ ...emptyDetector, of: 'feature', shift: '100', rows_between_false_alarms: '5' }, { ...emptyDetector, method: 'adwin', shift: '' }],
    feature_times: [{ feature: 'a', input: '' }], stale_hours: '0',
  }; // prettier-ignore
  expect(Object.keys(problemsOf(draft)).sort()).toEqual([
    'consecutive_windows', 'costs.over', 'coverage_min', 'detectors.0.feature', 'detectors.0.rows_between_false_alarms', 'detectors.0.shift', 'feature_times.0',
    'psi_thresholds.a', 'rows_min', 'since', 'stale_hours',
  ]); // prettier-ignore
  expect(problemsOf(emptyDraft)).toEqual({});
});

test('times of the data are UTC', () => {
  expect(bodyOf({ ...emptyDraft, origin: '2001-01-01 06:00' })['window_origin_ms']).toBe(Date.UTC(2001, 0, 1, 6));
  expect(bodyOf({ ...emptyDraft, since: '2001-01-01' })['since']).toBe('2001-01-01T00:00:00.000Z');
  expect(bodyOf({ ...emptyDraft, since: 'now' })['since']).toBe('now');
});
