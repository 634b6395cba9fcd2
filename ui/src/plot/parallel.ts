/** Parallel coordinates: an axis for each column, a line for each run, ranges brushed on any axis. */
import { clipped, fontSize_px, type Ink } from './frame';
import type { Field } from './field';
import type { Pen } from './pen';
import { extent, padded, scaleOf, type Scale } from './scale';

export interface ParallelRun {
  id: string;
  label: string;
  colour: string;
}

/** From and to on an axis, in its values, low end first. */
export type Brushes = ReadonlyMap<string, readonly [number, number]>;

export interface Parallel {
  runs: readonly ParallelRun[];
  fields: readonly Field[];
  brushes: Brushes;
}

export interface ParallelFrame {
  axes: { x: number; field: Field; scale: Scale }[];
  top: number;
  bottom: number;
}

const side_px = 56;
const reach_px = 6;

/** Whether a run lies within every brushed range; without a value it lies in none. */
export function isBrushed(chart: Parallel, index: number): boolean {
  return chart.fields.every((field) => {
    const brush = chart.brushes.get(field.label);
    if (!brush) return true;
    const value = field.values[index]!;
    return value >= brush[0] && value <= brush[1];
  });
}

export function parallelFrame(width: number, height: number, chart: Parallel): ParallelFrame {
  const [top, bottom] = [34, height - 12];
  const step = chart.fields.length > 1 ? (width - 2 * side_px) / (chart.fields.length - 1) : 0;
  const axes = chart.fields.map((field, i) => {
    const domain: [number, number] = field.names ? [-0.5, field.names.length - 0.5] : padded(extent(field.values), 'linear');
    return { x: side_px + i * step, field, scale: scaleOf(field.names ? 'names' : 'linear', domain, [bottom, top], Math.floor((bottom - top) / 40), field.names) };
  });
  return { axes, top, bottom };
}

export function drawParallel(pen: Pen, width: number, height: number, chart: Parallel, ink: Ink): ParallelFrame {
  const frame = parallelFrame(width, height, chart);
  pen.lineWidth = 1;
  const drawRun = (index: number, alpha: number) => {
    pen.globalAlpha = alpha;
    strokeRun(pen, frame, chart, index, 1.3);
  };
  const inside = chart.runs.map((_, index) => isBrushed(chart, index));
  inside.forEach((is, index) => !is && drawRun(index, 0.08));
  inside.forEach((is, index) => is && drawRun(index, chart.runs.length > 200 ? 0.45 : 0.85));
  pen.globalAlpha = 1;
  const room = frame.axes.length > 1 ? frame.axes[1]!.x - frame.axes[0]!.x : width;
  for (const axis of frame.axes) drawAxis(pen, axis, frame, chart, ink, room);
  return frame;
}

/** The line of one run, broken where it has no value. */
export function strokeRun(pen: Pen, frame: ParallelFrame, chart: Parallel, index: number, thickness: number): void {
  pen.strokeStyle = chart.runs[index]!.colour;
  pen.lineWidth = thickness;
  pen.beginPath();
  let open = false;
  for (const axis of frame.axes) {
    const y = axis.scale.to(axis.field.values[index]!);
    if (!Number.isFinite(y)) open = false;
    else if (open) pen.lineTo(axis.x, y);
    else {
      pen.moveTo(axis.x, y);
      open = true;
    }
  }
  pen.stroke();
}

function drawAxis(pen: Pen, axis: ParallelFrame['axes'][number], frame: ParallelFrame, chart: Parallel, ink: Ink, room: number): void {
  pen.strokeStyle = ink.strong;
  pen.lineWidth = 1;
  pen.beginPath();
  pen.moveTo(Math.round(axis.x) + 0.5, frame.top);
  pen.lineTo(Math.round(axis.x) + 0.5, frame.bottom);
  pen.stroke();
  const brush = chart.brushes.get(axis.field.label);
  if (brush) {
    const [low, high] = [axis.scale.to(brush[1]), axis.scale.to(brush[0])];
    pen.fillStyle = ink.accent;
    pen.globalAlpha = 0.3;
    pen.fillRect(axis.x - reach_px, low, 2 * reach_px, high - low);
    pen.globalAlpha = 1;
  }
  pen.font = `${fontSize_px}px ${ink.font}`;
  pen.textBaseline = 'middle';
  pen.textAlign = 'left';
  for (const { at, label } of axis.scale.ticks) {
    const text = clipped(label, Math.max(30, room / 2 - 12));
    const y = axis.scale.to(at);
    // A ground of its own, since lines run behind the figures.
    pen.globalAlpha = 0.75;
    pen.fillStyle = ink.surface;
    pen.fillRect(axis.x + 4, y - 7, text.length * 6.2, 14);
    pen.globalAlpha = 1;
    pen.fillStyle = ink.muted;
    pen.fillText(text, axis.x + 5, y);
  }
  pen.textAlign = 'center';
  pen.fillStyle = ink.text;
  pen.fillText(clipped(axis.field.label, Math.max(40, room - 6)), axis.x, 14);
}

/** The axis that a pointer is on. */
export function axisAt(frame: ParallelFrame, px: number): ParallelFrame['axes'][number] | undefined {
  return frame.axes.find((axis) => Math.abs(axis.x - px) <= reach_px * 2);
}

/** The run whose line passes nearest to the pointer. */
export function runAt(chart: Parallel, frame: ParallelFrame, px: number, py: number): number | undefined {
  const right = frame.axes.findIndex((axis) => axis.x >= px);
  if (right < 1) return undefined;
  const [a, b] = [frame.axes[right - 1]!, frame.axes[right]!];
  const share = (px - a.x) / (b.x - a.x);
  let best: number | undefined;
  let least = reach_px;
  chart.runs.forEach((_, index) => {
    if (!isBrushed(chart, index)) return;
    const y = a.scale.to(a.field.values[index]!) * (1 - share) + b.scale.to(b.field.values[index]!) * share;
    const away = Math.abs(y - py);
    if (away < least) [best, least] = [index, away];
  });
  return best;
}

export function parallelCsv(chart: Parallel): string[][] {
  const cell = (field: Field, value: number) => (Number.isNaN(value) ? '' : (field.names?.[value] ?? String(value)));
  return [['run', ...chart.fields.map((field) => field.label)], ...chart.runs.map((run, i) => [run.label, ...chart.fields.map((field) => cell(field, field.values[i]!))])];
}
