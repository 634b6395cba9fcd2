/** What a person says of a monitor in the editor, and the body that the server takes. */
import type { MonitorSpec } from './api/monitors';

export type ReferenceKind = 'kept' | 'window' | 'version' | 'dataset';

export interface Draft {
  name: string;
  endpoint: string;
  model: string;
  reference: ReferenceKind;
  from: string;
  to: string;
  version: string;
  dataset: string;
  window: 'hour' | 'day' | 'week' | 'other';
  /** Of another length. */
  hours: string;
  preset: string;
  season: string;
  psi_threshold: string;
  false_discovery_rate: string;
  rows_min: string;
  consecutive_windows: string;
  drift_share_min: string;
  features: string[];
  probability_output: string;
  decision_threshold: string;
  outcomes_min: string;
  coverage_min: string;
  auc_min: string;
  auc_drop_max: string;
}

const hour_ms = 3_600_000;
const lengths = { hour: hour_ms, day: 24 * hour_ms, week: 168 * hour_ms } as const;
/** Weeks begin on Mondays. */
const monday_ms = 4 * 24 * hour_ms;

export const emptyDraft: Draft = {
  name: '',
  endpoint: '',
  model: '',
  reference: 'window',
  from: '',
  to: '',
  version: '',
  dataset: '',
  window: 'day',
  hours: '12',
  preset: 'millwright',
  season: '',
  psi_threshold: '0.1',
  false_discovery_rate: '0.05',
  rows_min: '500',
  consecutive_windows: '1',
  drift_share_min: '0',
  features: [],
  probability_output: 'probability',
  decision_threshold: '0.5',
  outcomes_min: '200',
  coverage_min: '0.5',
  auc_min: '',
  auc_drop_max: '',
};

const text = (value: unknown, fallback: string) => (value === undefined || value === null ? fallback : String(value));

export function draftOf(spec: MonitorSpec): Draft {
  const named = (Object.keys(lengths) as (keyof typeof lengths)[]).find((key) => lengths[key] === spec.window_ms);
  return {
    ...emptyDraft,
    name: spec.name,
    endpoint: spec.endpoint,
    model: spec.model,
    reference: 'kept',
    window: named ?? 'other',
    hours: String(spec.window_ms / hour_ms),
    preset: text(spec['preset'], 'psi'),
    season: text(spec['season'], ''),
    psi_threshold: String(spec.psi_threshold),
    false_discovery_rate: text(spec['false_discovery_rate'], emptyDraft.false_discovery_rate),
    rows_min: String(spec.rows_min),
    consecutive_windows: text(spec['consecutive_windows'], '1'),
    drift_share_min: String(spec.drift_share_min),
    features: spec.features,
    probability_output: spec.probability_output,
    decision_threshold: String(spec.decision_threshold),
    outcomes_min: String(spec.outcomes_min),
    coverage_min: String(spec.coverage_min),
    auc_min: text(spec.auc_min, ''),
    auc_drop_max: text(spec.auc_drop_max, ''),
  };
}

/** Fields that say what the reference is, or come with it. */
const ofReference = ['reference', 'reference_auc', 'window', 'window_ms', 'window_origin_ms'];

/** A number that was typed; what is none is sent as it is, so that the server says what is wrong. */
const number = (typed: string) => (typed.trim() === '' || Number.isNaN(Number(typed)) ? typed : Number(typed));

/**
 * The body of `POST /api/v1/monitors` and of its preview. What the editor does not show, such as
 * thresholds by feature, stays as it was.
 */
export function bodyOf(draft: Draft, kept?: MonitorSpec): Record<string, unknown> {
  const body: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(kept ?? {})) if (!ofReference.includes(key)) body[key] = value;
  Object.assign(body, {
    name: draft.name,
    endpoint: draft.endpoint,
    model: draft.model,
    preset: draft.preset,
    season: draft.season,
    psi_threshold: number(draft.psi_threshold),
    false_discovery_rate: number(draft.false_discovery_rate),
    rows_min: number(draft.rows_min),
    consecutive_windows: number(draft.consecutive_windows),
    drift_share_min: number(draft.drift_share_min),
    features: draft.features,
    probability_output: draft.probability_output,
    decision_threshold: number(draft.decision_threshold),
    outcomes_min: number(draft.outcomes_min),
    coverage_min: number(draft.coverage_min),
  });
  for (const key of ['auc_min', 'auc_drop_max'] as const) {
    if (draft[key].trim() === '') delete body[key];
    else body[key] = number(draft[key]);
  }
  const window_ms = draft.window === 'other' ? Math.round(Number(draft.hours) * hour_ms) : lengths[draft.window];
  if (kept?.window_ms === window_ms) {
    body['window_ms'] = window_ms;
    body['window_origin_ms'] = kept.window_origin_ms;
  } else {
    body['window_ms'] = window_ms;
    body['window_origin_ms'] = draft.window === 'week' ? monday_ms : 0;
  }
  if (draft.reference === 'kept' && kept) body['reference_monitor'] = kept.name;
  if (draft.reference === 'window') body['reference_window'] = { from: draft.from, to: draft.to };
  if (draft.reference === 'dataset') body['dataset'] = draft.dataset;
  if (draft.reference === 'version' && draft.version !== '') body['version'] = draft.version;
  return body;
}

/** Whether it says enough to be tried. */
export function isTriable(draft: Draft): boolean {
  if (draft.endpoint === '') return false;
  if (draft.reference === 'window') return draft.from !== '' && draft.to !== '';
  if (draft.reference === 'dataset') return draft.dataset !== '';
  return draft.reference === 'kept' || draft.model !== '';
}
