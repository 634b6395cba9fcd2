/** Experiments and what can be done to them and to runs, by MLflow's routes. */
import { postJson } from './client';
import type { Experiment } from './mlflow';
import type { RunView } from './tracking';

const base = '/ajax-api/2.0/mlflow';

export interface ExperimentPage {
  experiments: Experiment[];
  next_page_token?: string;
}

export async function searchExperimentPage(
  search: { filter?: string; order_by?: readonly string[]; view_type?: RunView; max_results?: number; page_token?: string },
  signal?: AbortSignal,
): Promise<ExperimentPage> {
  const answer = await postJson<Partial<ExperimentPage>>(`${base}/experiments/search`, search, signal);
  return { experiments: answer.experiments ?? [], next_page_token: answer.next_page_token };
}

export const createExperiment = async (name: string) => (await postJson<{ experiment_id: string }>(`${base}/experiments/create`, { name })).experiment_id;
export const renameExperiment = (experiment_id: string, new_name: string) => postJson(`${base}/experiments/update`, { experiment_id, new_name });
export const deleteExperiment = (experiment_id: string) => postJson(`${base}/experiments/delete`, { experiment_id });
export const restoreExperiment = (experiment_id: string) => postJson(`${base}/experiments/restore`, { experiment_id });
export const setExperimentTag = (experiment_id: string, key: string, value: string) => postJson(`${base}/experiments/set-experiment-tag`, { experiment_id, key, value });

export const renameRun = (run_id: string, run_name: string) => postJson(`${base}/runs/update`, { run_id, run_name });
export const setRunTag = (run_id: string, key: string, value: string) => postJson(`${base}/runs/set-tag`, { run_id, key, value });
export const deleteRunTag = (run_id: string, key: string) => postJson(`${base}/runs/delete-tag`, { run_id, key });

/** As many requests at once as a browser opens to one server, less one for the event stream. */
const atOnce = 5;

/** Deletes or restores runs one by one; the first refusal ends it and is thrown. */
export async function changeRuns(verb: 'delete' | 'restore', run_ids: readonly string[], done: (amount: number) => void): Promise<void> {
  const left = [...run_ids];
  let amount = 0;
  const work = async () => {
    for (let id = left.pop(); id !== undefined; id = left.pop()) {
      await postJson(`${base}/runs/${verb}`, { run_id: id });
      done((amount += 1));
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, run_ids.length) }, work));
}

/** The tag in which MLflow keeps the description of a run or an experiment. */
export const noteTag = 'mlflow.note.content';
export const parentTag = 'mlflow.parentRunId';
/** The folder that an experiment or a model is shown of, where another tool writes it: nobody changes it here. */
export const mountTag = 'millwright.mounted_from';
export function mountedFrom(shown: { tags?: { key: string; value: string }[] } | undefined): string | undefined {
  return shown?.tags?.find((tag) => tag.key === mountTag)?.value;
}
/** Why a run ended: a lease that was missed, a signal, a failure. */
export const endReasonTag = 'millwright.end_reason';
