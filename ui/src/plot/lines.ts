/** Line charts: any number of lines, each with its own x values. */
import { smoothed } from './smooth';
import { clipToPlot, drawFrame, frameOf, type Axis, type Frame, type Ink } from './frame';
import type { Pen } from './pen';
import { extent, padded, type ScaleKind, type Span } from './scale';

/** Parallel arrays, x ascending; NaN is a gap. */
export interface Path {
  xs: readonly number[];
  ys: readonly number[];
}

export interface Line extends Path {
  id: string;
  label: string;
  colour: string;
  /** The last value of each pixel's bucket: what is smoothed, read and written out. */
  ends: Path;
  dashed?: boolean;
}

/** Buckets of the server as a line that goes through the first, least, greatest and last of each. */
export function pathOf(buckets: {
  from: readonly number[];
  to: readonly number[];
  first: readonly (number | null)[];
  min: readonly (number | null)[];
  max: readonly (number | null)[];
  last: readonly (number | null)[];
}): Path & { ends: Path } {
  const xs: number[] = [];
  const ys: number[] = [];
  const add = (x: number, y: number | null | undefined) => {
    const value = y ?? NaN;
    if (xs[xs.length - 1] === x && ys[ys.length - 1] === value) return;
    xs.push(x);
    ys.push(value);
  };
  buckets.from.forEach((from, i) => {
    const to = buckets.to[i]!;
    add(from, buckets.first[i]);
    // Where within its pixel an extreme lies nobody can see.
    const [min, max] = [buckets.min[i], buckets.max[i]];
    if (max !== buckets.first[i] || min !== buckets.last[i]) {
      add((from + to) / 2, min);
      add((from + to) / 2, max);
    } else if (max !== min) {
      add((from + to) / 2, max);
    }
    add(to, buckets.last[i]);
  });
  return { xs, ys, ends: { xs: buckets.to, ys: buckets.last.map((value) => value ?? NaN) } };
}

export interface LineChart {
  lines: readonly Line[];
  x: ScaleKind;
  log: boolean;
  /** Weight of the smoothing, 0 for none. */
  smoothing: number;
  xLabel?: string;
  yLabel?: string;
  /** What is looked at; all there is otherwise. */
  window?: Span;
  yRange?: Span;
}

/** Below this many points a line shows each as a dot. */
const dotsBelow = 40;
const dot_px = 2.2;

/** Index of the first x that is at least `value`. */
export function lowerBound(xs: readonly number[], value: number): number {
  let low = 0;
  let high = xs.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (xs[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The values that lie within a window, so that the y axis fits what is seen. */
export function* valuesWithin(chart: LineChart): Generator<number> {
  for (const line of chart.lines) {
    const from = chart.window ? lowerBound(line.xs, chart.window[0]) : 0;
    for (let i = from; i < line.xs.length; i += 1) {
      if (chart.window && line.xs[i]! > chart.window[1]) break;
      yield line.ys[i]!;
    }
  }
}

export function axesOf(chart: LineChart): { x: Axis; y: Axis } {
  const kind = chart.log ? 'log' : 'linear';
  const all = chart.window ?? extent(chart.lines.flatMap((line) => (line.xs.length > 0 ? [line.xs[0]!, line.xs[line.xs.length - 1]!] : [])));
  return {
    x: { kind: chart.x, domain: all, label: chart.xLabel },
    y: { kind, domain: chart.yRange ?? padded(extent(valuesWithin(chart), kind), kind), label: chart.yLabel },
  };
}

export function drawLines(pen: Pen, width: number, height: number, chart: LineChart, ink: Ink): Frame {
  const axes = axesOf(chart);
  const frame = frameOf(width, height, axes.x, axes.y);
  drawFrame(pen, frame, ink, { x: chart.xLabel, y: chart.yLabel });
  clipToPlot(pen, frame);
  pen.lineJoin = 'round';
  for (const line of chart.lines) {
    if (chart.smoothing > 0) {
      pen.globalAlpha = 0.22;
      strokeLine(pen, frame, line, line, 1);
      pen.globalAlpha = 1;
      strokeLine(pen, frame, line, { xs: line.ends.xs, ys: smoothed(line.ends.ys, chart.smoothing) }, 1.6);
    } else {
      strokeLine(pen, frame, line, line, 1.4);
    }
  }
  pen.restore();
  return frame;
}

/** One line; also for the one under the pointer, drawn again and wider. */
export function strokeLine(pen: Pen, frame: Frame, line: Line, path: Path, thickness: number): void {
  pen.strokeStyle = line.colour;
  pen.lineWidth = thickness;
  pen.setLineDash(line.dashed ? [5, 4] : []);
  pen.beginPath();
  let open = false;
  for (let i = 0; i < path.xs.length; i += 1) {
    const y = frame.y.to(path.ys[i]!);
    if (!Number.isFinite(y)) {
      open = false;
      continue;
    }
    const x = frame.x.to(path.xs[i]!);
    if (open) pen.lineTo(x, y);
    else pen.moveTo(x, y);
    open = true;
  }
  pen.stroke();
  pen.setLineDash([]);
  if (path.xs.length > dotsBelow) return;
  pen.fillStyle = line.colour;
  pen.beginPath();
  for (let i = 0; i < path.xs.length; i += 1) {
    const y = frame.y.to(path.ys[i]!);
    if (!Number.isFinite(y)) continue;
    const x = frame.x.to(path.xs[i]!);
    pen.moveTo(x + dot_px, y);
    pen.arc(x, y, dot_px, 0, 2 * Math.PI);
  }
  pen.fill();
}

export interface Reading {
  line: Line;
  x: number;
  y: number;
}

/** What each line says at a pixel column: its point nearest in x; nearest in y first. */
export function readAt(chart: LineChart, frame: Frame, px: number, py: number): Reading[] {
  const at = frame.x.from(px);
  const readings: Reading[] = [];
  for (const line of chart.lines) {
    const { xs, ys } = line.ends;
    const right = Math.min(xs.length - 1, lowerBound(xs, at));
    if (right < 0) continue;
    const left = Math.max(0, right - 1);
    const index = Math.abs(xs[left]! - at) <= Math.abs(xs[right]! - at) ? left : right;
    const y = ys[index]!;
    if (Number.isFinite(frame.y.to(y))) readings.push({ line, x: xs[index]!, y });
  }
  return readings.sort((a, b) => Math.abs(frame.y.to(a.y) - py) - Math.abs(frame.y.to(b.y) - py));
}

/** The points drawn, as a table. */
export function linesCsv(chart: LineChart): string[][] {
  const rows = [['run', chart.xLabel ?? 'x', chart.yLabel ?? 'y']];
  for (const { label, ends } of chart.lines) ends.xs.forEach((x, i) => rows.push([label, String(x), String(ends.ys[i])]));
  return rows;
}
