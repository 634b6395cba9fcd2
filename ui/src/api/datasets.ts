/** Datasets, their versions, profiles, rows and splits. */
import { getJson, postJson, segment } from './client';

/** One row of `GET /api/v1/datasets` → `{datasets}`. */
export interface DatasetSummary {
  name: string;
  latest_version: number;
  row_count: number;
  bytes: number;
  created_ms: number;
  /** Where the bytes came from: a path or a URI. */
  source: string;
  state: VersionState;
}

/** A version that is pending or quarantined is held: nobody takes it, it can be looked at. */
export type VersionState = 'ready' | 'pending' | 'quarantined' | 'released';

export const isHeld = (version: { state: VersionState }) => version.state === 'pending' || version.state === 'quarantined';

export interface Column {
  name: string;
  type: string;
}

export interface DatasetVersion {
  version: number;
  sha256: string;
  bytes: number;
  row_count: number;
  created_ms: number;
  source: string;
  columns: Column[];
  state: VersionState;
  /** Why it is in its state. */
  state_reason: string;
  state_ms: number;
  state_by: string;
}

/** One row of `GET /api/v1/quarantine` → `{versions}`, newest first. */
export interface HeldVersion extends DatasetVersion {
  dataset: string;
}

export interface Split {
  id: string;
  name: string;
  version: number;
  kind: 'random' | 'stratified' | 'time' | 'group' | string;
  /** `{kind, column, seed, parts: [{name, from, to} | {name, share}]}`: makes it reproducible. */
  spec: Record<string, unknown>;
  parts: { name: string; row_count: number }[];
  /** Rows in no part. */
  unassigned_count?: number;
  created_ms: number;
}

/** `GET /api/v1/datasets/{name}`; versions newest first. */
export interface Dataset {
  name: string;
  versions: DatasetVersion[];
  splits: Split[];
}

/**
 * Numeric statistics are absent for text; `min`/`max` of times and texts are text. `top_values` are
 * those of text, booleans and numbers of few values, the most frequent first.
 */
export interface ColumnProfile {
  name: string;
  type: string;
  missing: number;
  distinct: number;
  /** The count is a sketch's, exact below 1,000. */
  distinct_approximate?: boolean;
  min?: number | string | null;
  max?: number | string | null;
  mean?: number | null;
  stddev?: number | null;
  quantiles?: { p05: number; p25: number; p50: number; p75: number; p95: number } | null;
  /** `edges` has one more entry than `counts`. */
  histogram?: { edges: number[]; counts: number[] } | null;
  top_values?: { value: string | number | boolean | null; count: number }[];
}

/** `GET /api/v1/datasets/{name}/versions/{v}/profile` */
export interface Profile {
  row_count: number;
  columns: ColumnProfile[];
}

/** What matters most of `…/profile/full`: what to look at first, and what the values look like. */
export interface FullProfile {
  duplicate_rows: number;
  rows_with_missing: number;
  warnings: { kind: string; column: string; message: string }[];
  columns: { name: string; semantic_type: { name: string; format: string; share: number } }[];
}

export type Cell = string | number | boolean | null;

/** `GET /api/v1/datasets/{name}/versions/{v}/rows?limit=&offset=` */
export interface Rows {
  columns: Column[];
  rows: Cell[][];
}

export async function listDatasets(signal?: AbortSignal): Promise<DatasetSummary[]> {
  return (await getJson<{ datasets: DatasetSummary[] }>('/api/v1/datasets', {}, signal)).datasets;
}

export function getDataset(name: string, signal?: AbortSignal): Promise<Dataset> {
  return getJson(`/api/v1/datasets/${segment(name)}`, {}, signal);
}

export function getProfile(name: string, version: number, signal?: AbortSignal): Promise<Profile> {
  return getJson(`/api/v1/datasets/${segment(name)}/versions/${version}/profile`, {}, signal);
}

export function getFullProfile(name: string, version: number, signal?: AbortSignal): Promise<FullProfile> {
  return getJson(`/api/v1/datasets/${segment(name)}/versions/${version}/profile/full`, { sketches: 0 }, signal);
}

export function profileReportUrl(name: string, version: number): string {
  return `/api/v1/datasets/${segment(name)}/versions/${version}/profile/report`;
}

export function getRows(name: string, version: number, limit: number, offset: number, signal?: AbortSignal): Promise<Rows> {
  return getJson(`/api/v1/datasets/${segment(name)}/versions/${version}/rows`, { limit, offset }, signal);
}

export async function listSources(signal?: AbortSignal): Promise<{ name: string; dataset: string }[]> {
  return (await getJson<{ sources: { name: string; dataset: string }[] }>('/api/v1/sources', {}, signal)).sources;
}

export async function listHeld(signal?: AbortSignal): Promise<HeldVersion[]> {
  return (await getJson<{ versions: HeldVersion[] }>('/api/v1/quarantine', {}, signal)).versions;
}

/** Lets a quarantined version be taken although it failed. */
export const release = (name: string, version: number, reason: string) => postJson(`/api/v1/datasets/${segment(name)}/versions/${version}/release`, { reason });

/** Judges a held version by the suites as they are now. */
export const judge = (name: string, version: number) => postJson(`/api/v1/datasets/${segment(name)}/versions/${version}/judge`, {});
