/** What MLflow clients leave behind as files and how it is read: steps of images, tables. */
import type { ArtifactFile } from './api/files';
import { parseCsv } from './csv';

/** A picture of `mlflow.log_image(image, key=…, step=…)`. */
export interface LoggedImage {
  key: string;
  step: number;
  timestamp_ms: number;
  path: string;
}

// images/<key>%step%<n>%timestamp%<ms>%<uuid>.png; `+` where a client's store takes no percent sign.
const imageName = /^images\/(.+?)([%+])step\2(-?\d+)\2timestamp\2(\d+)\2([^%+]+?)(\2compressed)?\.(\w+)$/;

/** Images of a listing by key, each in the order of steps; a small copy stands for none of its own. */
export function imagesByKey(files: readonly ArtifactFile[]): Map<string, LoggedImage[]> {
  const keys = new Map<string, LoggedImage[]>();
  for (const file of files) {
    const found = imageName.exec(file.path);
    if (!found || found[6]) continue;
    // A slash in a key would be a folder, so that clients write # for it.
    const key = found[1]!.replaceAll('#', '/');
    const image = { key, step: Number(found[3]), timestamp_ms: Number(found[4]), path: file.path };
    const images = keys.get(key);
    if (images) images.push(image);
    else keys.set(key, [image]);
  }
  for (const images of keys.values()) images.sort((a, b) => a.step - b.step || a.timestamp_ms - b.timestamp_ms);
  return new Map([...keys.entries()].sort((a, b) => a[0].localeCompare(b[0], undefined, { numeric: true })));
}

export interface DataTable {
  columns: string[];
  rows: unknown[][];
  /** There were more rows than are shown. */
  cut: boolean;
}

export const tableRowsMost = 10_000;

const isTable = (value: unknown): value is { columns: unknown[]; data: unknown[][] } => {
  const table = value as { columns?: unknown; data?: unknown } | null;
  return Array.isArray(table?.columns) && Array.isArray(table.data) && table.data.every(Array.isArray);
};

/** A table in any of the forms that are written as text; undefined where the content is none. */
export function tableOf(path: string, text: string): DataTable | undefined {
  if (/\.(csv|tsv)$/i.test(path)) {
    const [columns, ...rows] = parseCsv(text, /\.tsv$/i.test(path) ? '\t' : ',', tableRowsMost + 2);
    return columns && { columns, rows: rows.slice(0, tableRowsMost), cut: rows.length > tableRowsMost };
  }
  if (/\.(jsonl|ndjson)$/i.test(path)) return linesTable(text);
  if (!/\.json$/i.test(path)) return undefined;
  const value = parsed(text);
  if (isTable(value)) return { columns: value.columns.map(String), rows: value.data.slice(0, tableRowsMost), cut: value.data.length > tableRowsMost };
  return undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** JSON lines whose every line is an object: the union of their names is the heading. */
function linesTable(text: string): DataTable | undefined {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const records = lines.slice(0, tableRowsMost).map(parsed);
  if (records.length === 0 || !records.every((record) => typeof record === 'object' && record !== null && !Array.isArray(record))) return undefined;
  const columns = [...new Set(records.flatMap((record) => Object.keys(record as object)))];
  return { columns, rows: records.map((record) => columns.map((column) => (record as Record<string, unknown>)[column])), cut: lines.length > tableRowsMost };
}

/** An image within a cell of `mlflow.log_table`, by the path of its file. */
export function cellImage(value: unknown): string | undefined {
  const cell = value as { type?: unknown; filepath?: unknown } | null;
  return cell !== null && typeof cell === 'object' && cell.type === 'image' && typeof cell.filepath === 'string' ? cell.filepath : undefined;
}

/** Metrics of the machine a run went on, as MLflow's clients log them. */
export const systemPrefix = 'system/';
export const isSystemMetric = (key: string) => key.startsWith(systemPrefix);
