/** The front page: what there is, and each closed loop from model to monitor and back. */
import { getJson } from './client';
import type { AlertState } from './monitors';
import type { PipelineRunState } from './pipelines';

/** `GET /api/v1/overview` */
export interface Overview {
  version: string;
  uptime_ms: number;
  counts: {
    experiments: number;
    runs: number;
    datasets: number;
    models: number;
    endpoints: number;
    monitors: number;
    open_alerts: number;
    pipeline_runs: number;
    predictions: number;
  };
  loops: Loop[];
}

/** One monitored endpoint and what last happened around it. */
export interface Loop {
  monitor: string;
  endpoint: string;
  model: string;
  champion_version?: string;
  last_alert?: { id: string; kind: string; feature?: string; state: AlertState; opened_ms: number; message: string };
  last_pipeline_run?: { id: string; pipeline: string; state: PipelineRunState; created_ms: number };
}

export function getOverview(signal?: AbortSignal): Promise<Overview> {
  return getJson('/api/v1/overview', {}, signal);
}
