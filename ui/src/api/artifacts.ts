/** Files of runs as the server prepares them for looking at. */
import type { DataTable } from '../logged-files';
import { getJson, segment, withQuery } from './client';

const rowsShown = 1_000;

/** `GET /api/v1/runs/{id}/artifacts/table`: the first rows of a Parquet file. */
export async function readArtifactTable(run_id: string, path: string, signal?: AbortSignal): Promise<DataTable> {
  const answer = await getJson<{ columns: { name: string; type: string }[]; rows: unknown[][] }>(
    `/api/v1/runs/${segment(run_id)}/artifacts/table`,
    { path, limit: rowsShown + 1 },
    signal,
  );
  return { columns: answer.columns.map((column) => column.name), rows: answer.rows.slice(0, rowsShown), cut: answer.rows.length > rowsShown };
}

/** `GET /api/v1/runs/{id}/artifacts/page`: an HTML file, answered so that it has no origin of its own. */
export const artifactPageUrl = (run_id: string, path: string) => withQuery(`/api/v1/runs/${segment(run_id)}/artifacts/page`, { path });
