/** Models as runs log them, in MLflow's own shapes. */
import { getJson, postJson, segment } from './client';
import type { KeyValue, MetricValue } from './mlflow';

const base = '/ajax-api/2.0/mlflow/logged-models';

export interface LoggedModel {
  info: {
    model_id: string;
    experiment_id: string;
    name: string;
    creation_timestamp_ms: number;
    last_updated_timestamp_ms?: number;
    artifact_uri?: string;
    status: string;
    status_message?: string;
    creator_id?: string;
    model_type?: string;
    source_run_id?: string;
    tags?: KeyValue[];
  };
  data: {
    params?: KeyValue[];
    metrics?: { key: string; value: MetricValue; step?: number; dataset_name?: string; run_id?: string }[];
  };
}

export async function getLoggedModel(model_id: string, signal?: AbortSignal): Promise<LoggedModel> {
  return (await getJson<{ model: LoggedModel }>(`${base}/${segment(model_id)}`, {}, signal)).model;
}

export interface LoggedModelPage {
  models: LoggedModel[];
  next?: string;
}

/** The models that a run logged, the newest first. */
export async function searchLoggedModels(experiment_id: string, source_run_id: string, signal?: AbortSignal): Promise<LoggedModelPage> {
  const answer = await postJson<{ models?: LoggedModel[]; next_page_token?: string }>(
    `${base}/search`,
    { experiment_ids: [experiment_id], filter: `source_run_id = '${source_run_id}'`, max_results: 50 },
    signal,
  );
  return { models: answer.models ?? [], next: answer.next_page_token || undefined };
}
