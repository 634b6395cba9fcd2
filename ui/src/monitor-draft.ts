/** What a person says of a monitor in the editor, what is wrong with it, and the body that the server takes. */
import type { MonitorSpec } from './api/monitors';

export type ReferenceKind = 'kept' | 'window' | 'version' | 'dataset';
export type Task = '' | 'binary' | 'regression';

export interface DraftDetector {
  of: 'error' | 'score' | 'feature';
  feature: string;
  method: 'page_hinkley' | 'cusum' | 'adwin';
  rows_between_false_alarms: string;
  shift: string;
}

/** Numbers as they are typed; maps by feature, where nothing typed is nothing said. */
export interface Draft {
  name: string;
  endpoint: string;
  model: string;
  reference: ReferenceKind;
  from: string;
  to: string;
  version: string;
  reference_metric: string;
  dataset: string;
  reference_time: string;
  window: 'hour' | 'day' | 'week' | 'other';
  /** Of another length. */
  hours: string;
  /** From which time windows are counted; empty: midnights, and Mondays for weeks. */
  origin: string;
  since: string;
  preset: string;
  season: string;
  psi_threshold: string;
  psi_thresholds: Record<string, string>;
  tests: Record<string, string>;
  test_thresholds: Record<string, string>;
  false_discovery_rate: string;
  rows_min: string;
  consecutive_windows: string;
  drift_share_min: string;
  features: string[];
  task: Task;
  probability_output: string;
  decision_threshold: string;
  positive_label: string;
  outcomes_min: string;
  coverage_min: string;
  auc_min: string;
  reference_auc: string;
  auc_drop_max: string;
  mae_max: string;
  reference_mae: string;
  mae_rise_max: string;
  rmse_max: string;
  reference_rmse: string;
  rmse_rise_max: string;
  has_costs: boolean;
  costs: Record<Cost, string>;
  detectors: DraftDetector[];
  feature_times: { feature: string; input: string }[];
  stale_hours: string;
  /** "name" or "name@version". */
  suite: string;
}

export const classCosts = ['true_positive', 'false_positive', 'false_negative', 'true_negative'] as const;
export const unitCosts = ['over', 'under'] as const;
export type Cost = (typeof classCosts)[number] | (typeof unitCosts)[number];

/** Limits of performance, by what the answers are. */
export const limitsOf = {
  binary: ['auc_min', 'reference_auc', 'auc_drop_max'],
  regression: ['mae_max', 'reference_mae', 'mae_rise_max', 'rmse_max', 'reference_rmse', 'rmse_rise_max'],
} as const;
const allLimits = [...limitsOf.binary, ...limitsOf.regression];

const hour_ms = 3_600_000;
const lengths = { hour: hour_ms, day: 24 * hour_ms, week: 168 * hour_ms } as const;
/** Weeks begin on Mondays. */
const monday_ms = 4 * 24 * hour_ms;

export const emptyDetector: DraftDetector = { of: 'error', feature: '', method: 'page_hinkley', rows_between_false_alarms: '100000', shift: '0.5' };
const emptyCosts: Record<Cost, string> = { true_positive: '0', false_positive: '1', false_negative: '1', true_negative: '0', over: '1', under: '1' };

export const emptyDraft: Draft = {
  name: '',
  endpoint: '',
  model: '',
  reference: 'window',
  from: '',
  to: '',
  version: '',
  reference_metric: '',
  dataset: '',
  reference_time: '',
  window: 'day',
  hours: '12',
  origin: '',
  since: '',
  preset: 'millwright',
  season: '',
  psi_threshold: '0.1',
  psi_thresholds: {},
  tests: {},
  test_thresholds: {},
  false_discovery_rate: '0.05',
  rows_min: '500',
  consecutive_windows: '1',
  drift_share_min: '0',
  features: [],
  task: '',
  probability_output: 'probability',
  decision_threshold: '0.5',
  positive_label: 'true',
  outcomes_min: '200',
  coverage_min: '0.5',
  auc_min: '',
  reference_auc: '',
  auc_drop_max: '',
  mae_max: '',
  reference_mae: '',
  mae_rise_max: '',
  rmse_max: '',
  reference_rmse: '',
  rmse_rise_max: '',
  has_costs: false,
  costs: emptyCosts,
  detectors: [],
  feature_times: [],
  stale_hours: '24',
  suite: '',
};

/** What the server takes where nothing is said; some of it goes with the preset. */
export function defaultOf(key: keyof Draft, preset: string): string {
  if (key === 'psi_threshold' && preset === 'psi') return '0.2';
  if (key === 'drift_share_min' && preset === 'evidently') return '0.5';
  return String(emptyDraft[key]);
}

/** Another preset brings its own defaults where nobody chose a value. */
export function withPreset(draft: Draft, preset: string): Draft {
  const next = { ...draft, preset };
  for (const key of ['psi_threshold', 'drift_share_min'] as const) {
    if (draft[key] === defaultOf(key, draft.preset)) next[key] = defaultOf(key, preset);
  }
  return next;
}

const text = (value: unknown, fallback: string) => (value === undefined || value === null ? fallback : String(value));
const texts = (value: unknown): Record<string, string> => Object.fromEntries(Object.entries((value ?? {}) as Record<string, unknown>).map(([key, each]) => [key, String(each)]));
const timeText = (time_ms: number) => new Date(time_ms).toISOString().slice(0, 19);

export function draftOf(spec: MonitorSpec): Draft {
  const named = (Object.keys(lengths) as (keyof typeof lengths)[]).find((key) => lengths[key] === spec.window_ms);
  const since_ms = Number(spec['since_ms'] ?? 0);
  const costs = spec['costs'] as Record<string, unknown> | undefined;
  const limits = Object.fromEntries(allLimits.map((key) => [key, key.startsWith('reference_') ? '' : text(spec[key], '')]));
  return {
    ...emptyDraft,
    ...limits,
    name: spec.name,
    endpoint: spec.endpoint,
    model: spec.model,
    reference: 'kept',
    window: named ?? 'other',
    hours: String(spec.window_ms / hour_ms),
    origin: isUsualOrigin(spec) ? '' : timeText(spec.window_origin_ms),
    since: since_ms > 0 ? timeText(since_ms) : '',
    preset: text(spec['preset'], 'psi'),
    season: text(spec['season'], ''),
    psi_threshold: String(spec.psi_threshold),
    psi_thresholds: texts(spec.psi_thresholds),
    tests: texts(spec['tests']),
    test_thresholds: texts(spec['test_thresholds']),
    false_discovery_rate: text(spec['false_discovery_rate'], emptyDraft.false_discovery_rate),
    rows_min: String(spec.rows_min),
    consecutive_windows: text(spec['consecutive_windows'], '1'),
    drift_share_min: String(spec.drift_share_min),
    features: spec.features,
    task: text(spec['task'], '') as Task,
    probability_output: spec.probability_output,
    decision_threshold: String(spec.decision_threshold),
    positive_label: spec.positive_label,
    outcomes_min: String(spec.outcomes_min),
    coverage_min: String(spec.coverage_min),
    has_costs: costs !== undefined,
    costs: { ...emptyCosts, ...texts(costs) },
    detectors: ((spec['detectors'] ?? []) as Record<string, unknown>[]).map((each) => ({
      of: text(each['of'], 'score') as DraftDetector['of'],
      feature: text(each['feature'], ''),
      method: text(each['method'], 'page_hinkley') as DraftDetector['method'],
      rows_between_false_alarms: text(each['rows_between_false_alarms'], emptyDetector.rows_between_false_alarms),
      shift: text(each['shift'], emptyDetector.shift),
    })),
    feature_times: Object.entries(texts(spec['feature_times'])).map(([feature, input]) => ({ feature, input })),
    stale_hours: spec['stale_after_ms'] ? String(Number(spec['stale_after_ms']) / hour_ms) : emptyDraft.stale_hours,
    suite: text(spec['suite'], ''),
  };
}

const usualOrigin = (window_ms: number) => (window_ms === lengths.week ? monday_ms : 0);
/** Windows lie the same, whichever of them they are counted from. */
const isUsualOrigin = (spec: MonitorSpec) => (spec.window_origin_ms - usualOrigin(spec.window_ms)) % spec.window_ms === 0;
const windowOf = (draft: Draft) => (draft.window === 'other' ? Math.round(Number(draft.hours) * hour_ms) : lengths[draft.window]);
/** Times of the data are UTC, and a day is its midnight. */
const instantOf = (typed: string) => Date.parse(/Z|[+-]\d\d:?\d\d$/.test(typed) ? typed : `${typed.trim().replace(' ', 'T')}${typed.includes(':') ? '' : 'T00:00'}Z`);

/** What the answers are as far as the draft says it. */
export function taskOf(draft: Draft): Task {
  if (draft.task !== '') return draft.task;
  if (draft.auc_min !== '' || draft.auc_drop_max !== '') return 'binary';
  return limitsOf.regression.some((key) => draft[key] !== '') ? 'regression' : '';
}

/** Fields that say what the reference is, or come with it. */
const ofReference = ['reference', 'reference_auc', 'reference_mae', 'reference_rmse', 'window', 'window_ms', 'window_origin_ms'];
/** Fields of which nothing is said by leaving them out. */
const optional = ['suite', 'task', 'costs', 'detectors', 'feature_times', 'stale_after_ms', 'psi_thresholds', 'tests', 'test_thresholds', ...allLimits];

/** A number that was typed; what is none is sent as it is, so that the server says what is wrong. */
const number = (typed: string) => (typed.trim() === '' || Number.isNaN(Number(typed)) ? typed : Number(typed));
const said = (map: Record<string, string>) => Object.entries(map).filter(([, value]) => value.trim() !== '');
const numbers = (map: Record<string, string>) => Object.fromEntries(said(map).map(([key, value]) => [key, number(value)]));

/** The body of `POST /api/v1/monitors` and of its preview. What the editor does not know stays as it was. */
export function bodyOf(draft: Draft, kept?: MonitorSpec): Record<string, unknown> {
  const body: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(kept ?? {})) if (!ofReference.includes(key) && !optional.includes(key)) body[key] = value;
  Object.assign(body, {
    name: draft.name,
    endpoint: draft.endpoint,
    model: draft.model,
    preset: draft.preset,
    season: draft.preset === 'evidently' ? '' : draft.season,
    psi_threshold: number(draft.psi_threshold),
    false_discovery_rate: number(draft.false_discovery_rate),
    rows_min: number(draft.rows_min),
    consecutive_windows: number(draft.consecutive_windows),
    drift_share_min: number(draft.drift_share_min),
    features: draft.features,
    probability_output: draft.probability_output,
    decision_threshold: number(draft.decision_threshold),
    positive_label: draft.positive_label,
    outcomes_min: number(draft.outcomes_min),
    coverage_min: number(draft.coverage_min),
  });
  if (draft.task !== '') body['task'] = draft.task;
  const task = taskOf(draft);
  const limits = task === '' ? allLimits : limitsOf[task];
  for (const key of limits) if (draft[key].trim() !== '') body[key] = number(draft[key]);
  // Own limits by feature are of one preset each.
  if (draft.preset === 'evidently') {
    if (said(draft.tests).length > 0) body['tests'] = Object.fromEntries(said(draft.tests));
    if (said(draft.test_thresholds).length > 0) body['test_thresholds'] = numbers(draft.test_thresholds);
  } else if (said(draft.psi_thresholds).length > 0) body['psi_thresholds'] = numbers(draft.psi_thresholds);
  if (draft.suite.trim() !== '') body['suite'] = draft.suite.trim();
  if (draft.has_costs) body['costs'] = numbers(draft.costs);
  if (draft.detectors.length > 0) body['detectors'] = draft.detectors.map(detectorBody);
  const times = draft.feature_times.filter((each) => each.feature !== '' && each.input !== '');
  if (times.length > 0) {
    body['feature_times'] = Object.fromEntries(times.map(({ feature, input }) => [feature, input]));
    body['stale_after_ms'] = Math.round(Number(draft.stale_hours) * hour_ms);
  }
  const window_ms = windowOf(draft);
  body['window_ms'] = window_ms;
  const isKept = kept?.window_ms === window_ms && isUsualOrigin(kept);
  body['window_origin_ms'] = draft.origin.trim() !== '' ? instantOf(draft.origin) : isKept ? kept.window_origin_ms : usualOrigin(window_ms);
  const since_ms = Number(kept?.['since_ms'] ?? 0);
  if (since_ms === 0 || timeText(since_ms) !== draft.since) {
    body['since_ms'] = 0;
    if (draft.since.trim() !== '') {
      delete body['since_ms'];
      body['since'] = draft.since.trim() === 'now' ? 'now' : new Date(instantOf(draft.since)).toISOString();
    }
  }
  if (draft.reference === 'kept' && kept) body['reference_monitor'] = kept.name;
  if (draft.reference === 'window') body['reference_window'] = { from: draft.from, to: draft.to };
  if (draft.reference === 'dataset') {
    body['dataset'] = draft.dataset;
    if (draft.reference_time !== '') body['reference_time'] = draft.reference_time;
  }
  if (draft.reference === 'version') {
    if (draft.version !== '') body['version'] = draft.version;
    if (draft.reference_metric !== '') body['reference_metric'] = draft.reference_metric;
  }
  return body;
}

function detectorBody(detector: DraftDetector): Record<string, unknown> {
  return {
    of: detector.of,
    ...(detector.of === 'feature' ? { feature: detector.feature } : {}),
    method: detector.method,
    rows_between_false_alarms: number(detector.rows_between_false_alarms),
    ...(detector.method === 'adwin' ? {} : { shift: number(detector.shift) }),
  };
}

/** Whether it says enough to be tried. */
export function isTriable(draft: Draft): boolean {
  if (draft.endpoint === '') return false;
  if (draft.reference === 'window') return draft.from !== '' && draft.to !== '';
  if (draft.reference === 'dataset') return draft.dataset !== '';
  return draft.reference === 'kept' || draft.model !== '';
}

interface Range {
  least?: number;
  most?: number;
  /** More than this, not this itself. */
  above?: number;
  whole?: boolean;
  /** May be left empty. */
  optional?: boolean;
}
const share: Range = { least: 0, most: 1 };
const limit: Range = { above: 0, optional: true };

export const ranges: Partial<Record<keyof Draft, Range>> = {
  psi_threshold: { above: 0 },
  false_discovery_rate: { above: 0, most: 1 },
  rows_min: { least: 1, whole: true },
  consecutive_windows: { least: 1, most: 50, whole: true },
  drift_share_min: share,
  decision_threshold: share,
  outcomes_min: { least: 1, whole: true },
  coverage_min: share,
  auc_min: { ...share, optional: true },
  reference_auc: { ...share, optional: true },
  auc_drop_max: { ...share, optional: true },
  mae_max: limit,
  reference_mae: limit,
  mae_rise_max: limit,
  rmse_max: limit,
  reference_rmse: limit,
  rmse_rise_max: limit,
};

function wordsOf(range: Range): string {
  const what = range.whole ? 'a whole number' : 'a number';
  if (range.above !== undefined) return `${what} above ${range.above}${range.most === undefined ? '' : ` and at most ${range.most}`}`;
  if (range.least !== undefined && range.most !== undefined) return `${what} from ${range.least} to ${range.most}`;
  return range.least === undefined ? what : `${what} of ${range.least} or more`;
}

/** What is wrong with a number as it is typed; nothing where it is right. */
export function problemOf(typed: string, range: Range): string | undefined {
  if (typed.trim() === '' && range.optional) return undefined;
  const value = Number(typed);
  const isRight =
    typed.trim() !== '' &&
    Number.isFinite(value) &&
    (!range.whole || Number.isInteger(value)) &&
    (range.above === undefined || value > range.above) &&
    (range.least === undefined || value >= range.least) &&
    (range.most === undefined || value <= range.most);
  return isRight ? undefined : `Give ${wordsOf(range)}`;
}

/** What is wrong, by where it stands: `rows_min`, `detectors.0.shift`, `psi_thresholds.distance`. */
export function problemsOf(draft: Draft): Record<string, string> {
  const problems: Record<string, string> = {};
  const note = (where: string, problem: string | undefined) => {
    if (problem !== undefined) problems[where] = problem;
  };
  const task = taskOf(draft);
  const isShown = (key: string) =>
    !(
      (key === 'psi_threshold' && draft.preset === 'evidently') ||
      (key === 'false_discovery_rate' && draft.preset !== 'millwright') ||
      (task === 'regression' && ((limitsOf.binary as readonly string[]).includes(key) || key === 'decision_threshold')) ||
      (task === 'binary' && (limitsOf.regression as readonly string[]).includes(key))
    );
  for (const [key, range] of Object.entries(ranges)) if (isShown(key)) note(key, problemOf(String(draft[key as keyof Draft]), range));
  if (draft.window === 'other') note('hours', problemOf(draft.hours, { least: 1 / 3600 }));
  for (const key of ['origin', 'since'] as const) {
    const isTime = draft[key].trim() === '' || (key === 'since' && draft[key].trim() === 'now') || Number.isFinite(instantOf(draft[key]));
    if (!isTime) problems[key] = 'Give a time such as 2001-01-31 or 2001-01-31 06:00';
  }
  const own = draft.preset === 'evidently' ? 'test_thresholds' : 'psi_thresholds';
  for (const [feature, typed] of Object.entries(draft[own])) note(`${own}.${feature}`, problemOf(typed, limit));
  if (draft.has_costs) for (const key of Object.keys(draft.costs) as Cost[]) note(`costs.${key}`, problemOf(draft.costs[key], {}));
  draft.detectors.forEach((detector, i) => {
    if (detector.of === 'feature' && detector.feature === '') problems[`detectors.${i}.feature`] = 'Choose a feature';
    note(`detectors.${i}.rows_between_false_alarms`, problemOf(detector.rows_between_false_alarms, { least: 100, most: 1e12 }));
    if (detector.method !== 'adwin') note(`detectors.${i}.shift`, problemOf(detector.shift, { least: 0.01, most: 10 }));
  });
  draft.feature_times.forEach((each, i) => {
    if ((each.feature === '') !== (each.input === '')) problems[`feature_times.${i}`] = 'Say both the feature and the input that is its time';
  });
  if (draft.feature_times.length > 0) note('stale_hours', problemOf(draft.stale_hours, { above: 0 }));
  return problems;
}

/** Where the editor shows what the server says of a field of the body. */
export function placeOfField(field: string): string {
  const names: Record<string, string> = {
    window_ms: 'hours',
    window_origin_ms: 'origin',
    since_ms: 'since',
    stale_after_ms: 'stale_hours',
    output: 'probability_output',
    'reference_window.from': 'from',
    'reference_window.to': 'to',
  };
  return names[field] ?? field;
}
