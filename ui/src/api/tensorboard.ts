/** What TensorBoard's event files hold beside metrics and parameters. */
import { getJson, segment, withQuery } from './client';

export type SampleKind = 'histogram' | 'image' | 'text';

export interface EventFile {
  file: string;
  /** Bytes read so far. */
  offset: number;
  records: number;
  updated_ms: number;
  /** Why the rest is not read. */
  problem?: string;
}

export interface SummaryTag {
  kind: 'scalar' | SampleKind | 'other';
  tag: string;
  plugin: string;
  /** Values met in the files, and samples kept of them. */
  seen: number;
  kept: number;
}

/** `GET /api/v1/runs/{run_id}/tensorboard` */
export interface Tensorboard {
  files: EventFile[];
  tags: SummaryTag[];
}

interface Sample {
  step: number;
  time_ms: number;
}
/** Left edge, right edge, count; edges beyond the numbers of JSON are text. */
export type Bucket = readonly [number | string, number | string, number];
export interface HistogramSample extends Sample {
  buckets: Bucket[];
}
export interface ImageSample extends Sample {
  images: { width: number; height: number; bytes: number }[];
  dropped: number;
}
export interface TextSample extends Sample {
  lines: string[];
  cut: boolean;
}
interface SampleOf {
  histogram: HistogramSample;
  image: ImageSample;
  text: TextSample;
}

const pageMax = 500;
const base = (run_id: string) => `/api/v1/runs/${segment(run_id)}/tensorboard`;

export function getTensorboard(run_id: string, signal?: AbortSignal): Promise<Tensorboard> {
  return getJson(base(run_id), {}, signal);
}

/** All kept samples of a tag by step: the server keeps no more than a page of them. */
export async function listSamples<K extends SampleKind>(run_id: string, kind: K, tag: string, signal?: AbortSignal): Promise<SampleOf[K][]> {
  const page = await getJson<{ samples: SampleOf[K][] }>(`${base(run_id)}/samples`, { kind, tag, limit: pageMax }, signal);
  return page.samples;
}

/** `time_ms` makes another address when a step is written again. */
export function sampleImageUrl(run_id: string, tag: string, sample: ImageSample, index: number): string {
  return withQuery(`${base(run_id)}/image`, { tag, step: sample.step, index, at: sample.time_ms });
}
