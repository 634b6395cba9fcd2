/** Box plots: a column of numbers by the values of another. */
import { clipToPlot, drawFrame, frameOf, type Frame, type Ink } from './frame';
import type { Field } from './field';
import type { Pen } from './pen';
import { extent, padded } from './scale';

export interface BoxStatistics {
  name: string;
  count: number;
  least: number;
  lower: number;
  median: number;
  upper: number;
  greatest: number;
  mean: number;
  /** Ends of the whiskers: the last values within 1.5 times the box of it. */
  low: number;
  high: number;
  outliers: readonly number[];
}

/** Quantile by linear interpolation between neighbours, as NumPy's default and R's type 7. */
export function quantile(sorted: readonly number[], share: number): number {
  const at = (sorted.length - 1) * share;
  const low = Math.floor(at);
  const high = Math.ceil(at);
  return sorted[low]! + (sorted[high]! - sorted[low]!) * (at - low);
}

export function boxOf(name: string, values: readonly number[]): BoxStatistics | undefined {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  if (sorted.length === 0) return undefined;
  const [lower, median, upper] = [quantile(sorted, 0.25), quantile(sorted, 0.5), quantile(sorted, 0.75)];
  const reach = 1.5 * (upper - lower);
  const inside = sorted.filter((value) => value >= lower - reach && value <= upper + reach);
  return {
    name,
    count: sorted.length,
    least: sorted[0]!,
    lower,
    median,
    upper,
    greatest: sorted[sorted.length - 1]!,
    mean: sorted.reduce((sum, value) => sum + value, 0) / sorted.length,
    // With few values the last one within reach may lie inside the box; a whisker never does.
    low: Math.min(lower, inside[0]!),
    high: Math.max(upper, inside[inside.length - 1]!),
    outliers: sorted.filter((value) => value < lower - reach || value > upper + reach),
  };
}

/** One box for each value of `by`; numbers are told apart by their text. All runs in one without it. */
export function boxesBy(values: readonly number[], by: Field | undefined): BoxStatistics[] {
  const groups = new Map<number, number[]>();
  values.forEach((value, i) => {
    const key = by ? by.values[i]! : 0;
    const group = groups.get(key);
    if (group) group.push(value);
    else groups.set(key, [value]);
  });
  const nameOf = (key: number) => (!by ? 'all runs' : Number.isNaN(key) ? 'none' : (by.names?.[key] ?? String(key)));
  return [...groups.entries()]
    .sort((a, b) => (Number.isNaN(a[0]) ? 1 : Number.isNaN(b[0]) ? -1 : a[0] - b[0]))
    .flatMap(([key, group]) => boxOf(nameOf(key), group) ?? []);
}

export interface BoxChart {
  boxes: readonly BoxStatistics[];
  xLabel?: string;
  yLabel: string;
  log: boolean;
}

const boxWidthMax_px = 54;

export function drawBoxes(pen: Pen, width: number, height: number, chart: BoxChart, ink: Ink): Frame {
  const kind = chart.log ? 'log' : 'linear';
  const frame = frameOf(
    width,
    height,
    { kind: 'names', domain: [-0.5, Math.max(0.5, chart.boxes.length - 0.5)], label: chart.xLabel, names: chart.boxes.map((box) => box.name) },
    { kind, domain: padded(extent(chart.boxes.flatMap((box) => [box.least, box.greatest]), kind), kind), label: chart.yLabel },
  );
  drawFrame(pen, frame, ink, { x: chart.xLabel, y: chart.yLabel });
  clipToPlot(pen, frame);
  const wide = Math.min(boxWidthMax_px, ((frame.right - frame.left) / Math.max(1, chart.boxes.length)) * 0.6);
  chart.boxes.forEach((box, i) => drawBox(pen, frame, box, frame.x.to(i), wide, ink));
  pen.restore();
  return frame;
}

function drawBox(pen: Pen, frame: Frame, box: BoxStatistics, x: number, wide: number, ink: Ink): void {
  const y = frame.y.to;
  pen.lineWidth = 1.4;
  pen.strokeStyle = ink.accent;
  pen.fillStyle = ink.accent;
  pen.globalAlpha = 0.18;
  pen.fillRect(x - wide / 2, y(box.upper), wide, Math.max(1, y(box.lower) - y(box.upper)));
  pen.globalAlpha = 1;
  pen.beginPath();
  pen.rect(x - wide / 2, y(box.upper), wide, Math.max(1, y(box.lower) - y(box.upper)));
  for (const [from, to] of [
    [box.upper, box.high],
    [box.lower, box.low],
  ] as const) {
    pen.moveTo(x, y(from));
    pen.lineTo(x, y(to));
    pen.moveTo(x - wide / 4, y(to));
    pen.lineTo(x + wide / 4, y(to));
  }
  pen.stroke();
  pen.strokeStyle = ink.text;
  pen.lineWidth = 2;
  pen.beginPath();
  pen.moveTo(x - wide / 2, y(box.median));
  pen.lineTo(x + wide / 2, y(box.median));
  pen.stroke();
  pen.fillStyle = ink.accent;
  for (const value of box.outliers) {
    pen.beginPath();
    pen.arc(x, y(value), 2.4, 0, 2 * Math.PI);
    pen.fill();
  }
}

export function boxesCsv(chart: BoxChart): string[][] {
  return [
    [chart.xLabel ?? 'group', 'count', 'min', 'q1', 'median', 'q3', 'max', 'mean'],
    ...chart.boxes.map((box) => [box.name, ...[box.count, box.least, box.lower, box.median, box.upper, box.greatest, box.mean].map(String)]),
  ];
}
