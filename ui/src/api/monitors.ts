/** Monitors: drift against a reference, performance once outcomes are known, and alerts. */
import { getJson, postJson, segment, withQuery } from './client';

export type AlertState = 'open' | 'closed';

/** One row of `GET /api/v1/monitors` → `{monitors}`. */
export interface MonitorSummary {
  name: string;
  endpoint: string;
  model: string;
  state: 'active' | 'paused';
  created_ms: number;
  open_alerts: number;
}

/** `GET /api/v1/monitors/{name}`: the configuration and the answers to the five questions. */
export interface Monitor {
  name: string;
  endpoint: string;
  model: string;
  /** What live data is compared with, such as `flights-late@1`. */
  reference: string;
  /** Limit by what it limits: `psi`, `auc`, … */
  thresholds: Record<string, number>;
  summary: MonitorSummaryFigures;
  /** What it was made of; `POST /api/v1/monitors` takes its fields. */
  spec: MonitorSpec;
  /** What the reference has, and a monitor may watch. */
  profile_features: string[];
}

/** The fields that a person edits; others are kept as they are. */
export interface MonitorSpec {
  name: string;
  endpoint: string;
  model: string;
  reference: string;
  features: string[];
  probability_output: string;
  decision_threshold: number;
  positive_label: string;
  window_ms: number;
  window_origin_ms: number;
  rows_min: number;
  psi_threshold: number;
  psi_thresholds: Record<string, number>;
  drift_share_min: number;
  outcomes_min: number;
  coverage_min: number;
  auc_min?: number;
  reference_auc?: number;
  auc_drop_max?: number;
  [other: string]: unknown;
}

export interface MonitorSummaryFigures {
  predictions: number;
  outcomes: number;
  /** Share of predictions whose outcome is known, 0…1. */
  coverage: number;
  latency_p50_ms: number | null;
  latency_p99_ms: number | null;
  /** Shares 0…1; null for a model that is not a binary classifier or while nothing is known. */
  positive_rate_predicted: number | null;
  positive_rate_actual: number | null;
  /** The latest complete window's score of each feature. */
  features: { name: string; type: string; score: number | null; drifted: boolean }[];
}

export interface FeatureDrift {
  name: string;
  /** `measured`, `not_enough_data`, `missing_column`, `not_applicable` */
  status: string;
  /** The score is a chance: it falls as things change. */
  is_chance?: boolean;
  adjusted_p?: number | null;
  note?: string;
  type?: string;
  /** `psi`, `ks`, `chi2`, `jensen_shannon` … */
  method: string;
  score: number | null;
  threshold: number;
  drifted: boolean;
}

/**
 * `GET /api/v1/monitors/{name}/distribution?feature=&start_ms=&end_ms=`; without times the latest
 * complete window. Exactly one of `edges` (one more than the shares) and `categories` is given.
 */
export interface Distribution {
  feature: string;
  edges?: number[];
  categories?: string[];
  reference: number[];
  current: number[];
}

export interface HealthFigure {
  /** `roc_auc`, `accuracy`, `f1`, `precision`, `recall`; `mae`, `rmse` */
  name: string;
  /** Null while a window has too few outcomes. */
  realised: number | null;
  estimated: number | null;
  /** What the windows keep within that the estimate was calibrated on. */
  lower: number | null;
  upper: number | null;
  alert: boolean;
}

/** A window, of all that was asked or of a slice. */
export interface HealthWindow {
  start_ms: number;
  end_ms: number;
  complete: boolean;
  predictions: number;
  outcomes: number;
  coverage: number;
  requests: number;
  errors: number;
  latency_p50_ms: number | null;
  latency_p90_ms: number | null;
  latency_p99_ms: number | null;
  positive_rate_predicted: number | null;
  positive_rate_actual: number | null;
  judged_for_drift: boolean;
  judged_for_performance: boolean;
  features: FeatureDrift[];
  figures: HealthFigure[];
}

export interface TimelineEntry {
  /** By the wall clock, and where that is in the time of the data. */
  time_ms: number;
  event_time_ms: number;
  kind: 'alert' | 'decision' | 'deployment';
  state: string;
  title: string;
  detail: string;
  subject: string;
}

/** `GET /api/v1/monitors/{name}/health?where=&from_ms=&to_ms=`: windows in event time, oldest first. */
export interface Health {
  monitor: string;
  endpoint: string;
  model: string;
  reference: string;
  window_ms: number;
  rows_min: number;
  outcomes_min: number;
  coverage_min: number;
  auc_threshold: number | null;
  where: string;
  /** A slice has older windows that are not among these. */
  partial: boolean;
  task: 'binary' | 'regression' | 'none';
  estimate: {
    method: 'cbpe' | 'dle' | null;
    caveat: string;
    windows_needed: number;
    reference?: { from_ms: number; to_ms: number; windows: number; rows: number; calibrated: boolean };
  };
  windows: HealthWindow[];
  timeline: TimelineEntry[];
}

export interface ClassFigures {
  rows: number;
  error_rate: number | null;
  precision: number | null;
  selection_rate: number | null;
  true_positive_rate: number | null;
  false_positive_rate: number | null;
  cost: number;
}

/** `GET /api/v1/prediction-logs/{name}/performance`: worst slices first. */
export interface SlicePerformance {
  all: ClassFigures;
  slices: { input: string; value: string; worse: boolean; p?: number; adjusted_p?: number; figures: ClassFigures }[];
  disparities: {
    input: string;
    groups: number;
    selection_rate: number | null;
    true_positive_rate: number | null;
    false_positive_rate: number | null;
  }[];
}

/** One row of `GET /api/v1/alerts?state=&monitor=` → `{alerts}`, newest first. */
export interface Alert {
  id: string;
  monitor: string;
  /** `drift`, `performance`, … */
  kind: string;
  feature?: string;
  /** Absent where there was no data, or no limit. */
  value?: number;
  threshold?: number;
  state: AlertState;
  opened_ms: number;
  closed_ms?: number;
  message: string;
  /** Id of the pipeline run that the alert started. */
  pipeline_run?: string;
  /** What alerts of rules have too; a monitor's alert has them once it was taken up. */
  rule: string;
  severity: string;
  phase: 'pending' | 'firing' | 'resolved';
  flapping: boolean;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  cause?: AlertCause;
  acknowledged?: { who: string; note: string; time_ms: number };
}

/** What caused an alert: where to look. */
export interface AlertCause {
  monitor?: string;
  feature?: string;
  endpoint?: string;
  expr?: string;
  /** A page of this UI, where the comparison is seen. */
  page?: string;
  /** A path that downloads the predictions behind it. */
  rows?: string;
  window?: { start_ms: number; end_ms: number; predictions?: number; outcomes?: number };
}

export async function listMonitors(signal?: AbortSignal): Promise<MonitorSummary[]> {
  return (await getJson<{ monitors: MonitorSummary[] }>('/api/v1/monitors', {}, signal)).monitors;
}

export function getMonitor(name: string, signal?: AbortSignal): Promise<Monitor> {
  return getJson(`/api/v1/monitors/${segment(name)}`, {}, signal);
}

/** `POST /api/v1/monitors/preview` with the body of `POST /api/v1/monitors`; stores nothing. */
export interface MonitorPreview {
  endpoint: string;
  reference: string;
  profile_features: string[];
  rows_min: number;
  auc_threshold: number | null;
  rows: number;
  partial: boolean;
  windows: {
    start_ms: number;
    end_ms: number;
    complete: boolean;
    predictions: number;
    outcomes: number;
    verdict: 'incomplete' | 'not_enough_data' | 'drifted' | 'quiet';
    judged_for_performance: boolean;
    auc: number | null;
    features: FeatureDrift[];
  }[];
  alerts: { kind: string; feature: string; value: number; threshold: number; message: string; window_start_ms: number; window_end_ms: number; closed_ms?: number }[];
}

export function previewMonitor(body: Record<string, unknown>, signal?: AbortSignal): Promise<MonitorPreview> {
  return postJson('/api/v1/monitors/preview', body, signal);
}

export function putMonitor(body: Record<string, unknown>): Promise<Monitor> {
  return postJson('/api/v1/monitors', body);
}

/** A log of predictions, of an endpoint or of a model served elsewhere, and when they happened. */
export interface PredictionLog {
  name: string;
  predictions: number;
  first_ms?: number;
  last_ms?: number;
}

export async function listLogs(signal?: AbortSignal): Promise<PredictionLog[]> {
  return (await getJson<{ logs: PredictionLog[] }>('/api/v1/prediction-logs', {}, signal)).logs;
}

export function getHealth(name: string, where: string, signal?: AbortSignal): Promise<Health> {
  return getJson(`/api/v1/monitors/${segment(name)}/health`, { where }, signal);
}

/** Downloads: the page as one HTML file, and a window's drift in Evidently's shape. */
export const reportPath = (name: string, slice: Record<string, string>) => withQuery(`/api/v1/monitors/${segment(name)}/report`, slice);
export const evidentlyPath = (name: string, start_ms: number) => withQuery(`/api/v1/monitors/${segment(name)}/evidently`, { start_ms });

/** How right answers were, by what was asked. */
export function getSlices(
  monitor: Monitor,
  slice: { where: string; from_ms: number; to_ms: number },
  signal?: AbortSignal,
): Promise<SlicePerformance> {
  const { probability_output, decision_threshold, positive_label, features } = monitor.spec;
  return getJson(
    `/api/v1/prediction-logs/${segment(monitor.endpoint)}/performance`,
    { ...slice, output: probability_output, threshold: decision_threshold, positive: positive_label, by: features.join(',') },
    signal,
  );
}

export function getDistribution(
  name: string,
  feature: string,
  window?: { start_ms: number; end_ms: number },
  signal?: AbortSignal,
  where = '',
): Promise<Distribution> {
  return getJson(
    `/api/v1/monitors/${segment(name)}/distribution`,
    { feature, start_ms: window?.start_ms, end_ms: window?.end_ms, where },
    signal,
  );
}

export async function listAlerts(query: { state?: AlertState; monitor?: string }, signal?: AbortSignal): Promise<Alert[]> {
  return (await getJson<{ alerts: Alert[] }>('/api/v1/alerts', query, signal)).alerts;
}
