/** Monitors: drift against a reference, performance once outcomes are known, and alerts. */
import { getJson, segment } from './client';

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
  /** What live data is compared with, such as `flights-late@1`. */
  reference: string;
  /** Limit by what it limits: `psi`, `auc`, … */
  thresholds: Record<string, number>;
  summary: MonitorSummaryFigures;
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
  /** `psi`, `ks`, `chi2`, `jensen_shannon` … */
  method: string;
  score: number | null;
  threshold: number;
  drifted: boolean;
}

/** Windows are in event time, oldest first. */
export interface DriftWindow {
  start_ms: number;
  end_ms: number;
  rows: number;
  features: FeatureDrift[];
}

export interface PerformanceWindow {
  start_ms: number;
  end_ms: number;
  predictions: number;
  outcomes: number;
  /** Null while a window has too few outcomes of either kind. */
  auc: number | null;
  log_loss: number | null;
  accuracy: number | null;
  /** The limit that `auc` is held to. */
  threshold: number | null;
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

export async function getDrift(name: string, signal?: AbortSignal): Promise<DriftWindow[]> {
  return (await getJson<{ windows: DriftWindow[] }>(`/api/v1/monitors/${segment(name)}/drift`, {}, signal)).windows;
}

export async function getPerformance(name: string, signal?: AbortSignal): Promise<PerformanceWindow[]> {
  return (await getJson<{ windows: PerformanceWindow[] }>(`/api/v1/monitors/${segment(name)}/performance`, {}, signal))
    .windows;
}

export function getDistribution(
  name: string,
  feature: string,
  window?: { start_ms: number; end_ms: number },
  signal?: AbortSignal,
): Promise<Distribution> {
  return getJson(
    `/api/v1/monitors/${segment(name)}/distribution`,
    { feature, start_ms: window?.start_ms, end_ms: window?.end_ms },
    signal,
  );
}

export async function listAlerts(query: { state?: AlertState; monitor?: string }, signal?: AbortSignal): Promise<Alert[]> {
  return (await getJson<{ alerts: Alert[] }>('/api/v1/alerts', query, signal)).alerts;
}
