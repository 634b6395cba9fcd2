/**
 * Files that a run, a logged model or a model version left behind: listed a page at a time, read from
 * their beginning, and as the server prepares them for looking at.
 */
import type { DataTable } from '../logged-files';
import { getJson, request, segment, withQuery } from './client';
import type { OnnxModel } from './onnx';

export interface ArtifactFile {
  /** From the owner's root. */
  path: string;
  is_dir: boolean;
  file_size?: number;
}

export interface FilePage {
  files: ArtifactFile[];
  next?: string;
}

/** Whose files they are, and where the server has them. */
export interface FileOwner {
  /** Names it in the keys of what was read. */
  key: string;
  list: (folder: string, page_token?: string, signal?: AbortSignal) => Promise<FilePage>;
  /** Where the file itself is downloaded. */
  url: (path: string) => string;
  /** Where the server shows it as rows, as a page without an origin, or as a graph. */
  view: (kind: 'table' | 'page' | 'graph', path: string) => string;
}

const pageSize = 1_000;
const mlflow = '/ajax-api/2.0/mlflow';

async function listing(path: string, query: Record<string, string | undefined>, page_token?: string, signal?: AbortSignal): Promise<FilePage> {
  const answer = await getJson<{ files?: ArtifactFile[]; next_page_token?: string }>(path, { ...query, max_results: pageSize, page_token }, signal);
  return { files: answer.files ?? [], next: answer.next_page_token || undefined };
}

export const runFiles = (run_id: string): FileOwner => ({
  key: `run:${run_id}`,
  list: (folder, page_token, signal) => listing(`${mlflow}/artifacts/list`, { run_id, path: folder }, page_token, signal),
  url: (path) => withQuery('/get-artifact', { run_uuid: run_id, path }),
  view: (kind, path) => withQuery(`/api/v1/runs/${segment(run_id)}/artifacts/${kind}`, { path }),
});

export const loggedModelFiles = (model_id: string): FileOwner => ({
  key: `logged-model:${model_id}`,
  list: (folder, page_token, signal) =>
    listing(`${mlflow}/logged-models/${segment(model_id)}/artifacts/directories`, { artifact_directory_path: folder }, page_token, signal),
  url: (path) => withQuery(`${mlflow}/logged-models/${segment(model_id)}/artifacts/files`, { artifact_file_path: path }),
  view: (kind, path) => withQuery(`/api/v1/logged-models/${segment(model_id)}/artifacts/${kind}`, { path }),
});

/** `root` is where the version's files are in the server's own store. */
export const versionFiles = (name: string, version: string, root: string): FileOwner => ({
  key: `version:${name}@${version}`,
  list: async (folder, page_token, signal) => {
    const page = await listing('/ajax-api/2.0/mlflow-artifacts/artifacts', { path: [root, folder].filter(Boolean).join('/') }, page_token, signal);
    // The store answers with names.
    return { ...page, files: page.files.map((file) => ({ ...file, path: folder ? `${folder}/${file.path}` : file.path })) };
  },
  url: (path) => withQuery('/model-versions/get-artifact', { name, version, path }),
  view: (kind, path) => withQuery(`/api/v1/models/${segment(name)}/versions/${segment(version)}/artifacts/${kind}`, { path }),
});

export interface FileHead {
  text: string;
  /** Of the file. */
  bytes: number;
  /** Whether there is more than `text`. */
  cut: boolean;
}

/** The beginning of a text file; a file that is cut ends with a whole line where it has lines. */
export async function readHead(owner: FileOwner, path: string, bytes_max: number, signal?: AbortSignal): Promise<FileHead> {
  const response = await request(owner.url(path), { signal, headers: { range: `bytes=0-${bytes_max - 1}` } }).catch((cause: { status?: number }) => {
    // An empty file has no first byte to begin at.
    if (cause.status === 416) return undefined;
    throw cause;
  });
  if (!response) return { text: '', bytes: 0, cut: false };
  const text = await response.text();
  const bytes = Number(/\/(\d+)$/.exec(response.headers.get('content-range') ?? '')?.[1] ?? response.headers.get('content-length') ?? text.length);
  if (bytes <= bytes_max) return { text, bytes, cut: false };
  const line = text.lastIndexOf('\n');
  return { text: line > 0 ? text.slice(0, line + 1) : text.replace(/\ufffd$/, ''), bytes, cut: true };
}

const rowsShown = 1_000;

/** The first rows of a data file that the server reads, such as Parquet. */
export async function readRows(owner: FileOwner, path: string, signal?: AbortSignal): Promise<DataTable> {
  const answer = await getJson<{ columns: { name: string; type: string }[]; rows: unknown[][] }>(`${owner.view('table', path)}&limit=${rowsShown + 1}`, {}, signal);
  return { columns: answer.columns.map((column) => column.name), rows: answer.rows.slice(0, rowsShown), cut: answer.rows.length > rowsShown };
}

export const readGraph = (owner: FileOwner, path: string, signal?: AbortSignal): Promise<OnnxModel> => getJson(owner.view('graph', path), {}, signal);
