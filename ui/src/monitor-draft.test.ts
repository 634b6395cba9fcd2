import { expect, test } from 'vitest';
import type { MonitorSpec } from './api/monitors';
import { bodyOf, draftOf, emptyDraft, isTriable } from './monitor-draft';

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
