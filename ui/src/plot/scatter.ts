/** Runs as points: one column against another, coloured by a third or by run. */
import { clipToPlot, drawFrame, frameOf, type Frame, type Ink } from './frame';
import type { Pen } from './pen';
import { extent, padded, type ScaleKind } from './scale';
import type { Field } from './field';

export interface Dot {
  id: string;
  label: string;
  x: number;
  y: number;
  colour: string;
}

export interface Scatter {
  dots: readonly Dot[];
  x: Field;
  y: Field;
  log: boolean;
}

const dot_px = 4;
const reach_px = 14;

const kindOf = (field: Field, log: boolean): ScaleKind => (field.names ? 'names' : log ? 'log' : 'linear');

/** Names stand half a slot away from the frame. */
function domainOf(field: Field, values: Iterable<number>, kind: ScaleKind): [number, number] {
  return field.names ? [-0.5, Math.max(0.5, field.names.length - 0.5)] : padded(extent(values, kind), kind);
}

export function drawScatter(pen: Pen, width: number, height: number, chart: Scatter, ink: Ink): Frame {
  const [xKind, yKind] = [kindOf(chart.x, false), kindOf(chart.y, chart.log)];
  const frame = frameOf(
    width,
    height,
    { kind: xKind, domain: domainOf(chart.x, chart.dots.map((dot) => dot.x), xKind), label: chart.x.label, names: chart.x.names },
    { kind: yKind, domain: domainOf(chart.y, chart.dots.map((dot) => dot.y), yKind), label: chart.y.label, names: chart.y.names },
  );
  drawFrame(pen, frame, ink, { x: chart.x.label, y: chart.y.label });
  clipToPlot(pen, frame);
  pen.globalAlpha = chart.dots.length > 300 ? 0.6 : 0.9;
  for (const dot of chart.dots) {
    const [x, y] = [frame.x.to(dot.x), frame.y.to(dot.y)];
    if (!Number.isFinite(x) || !Number.isFinite(y)) continue;
    pen.fillStyle = dot.colour;
    pen.beginPath();
    pen.arc(x, y, dot_px, 0, 2 * Math.PI);
    pen.fill();
  }
  pen.restore();
  return frame;
}

/** The dot under the pointer. */
export function dotAt(chart: Scatter, frame: Frame, px: number, py: number): Dot | undefined {
  let best: Dot | undefined;
  let least = reach_px ** 2;
  for (const dot of chart.dots) {
    const away = (frame.x.to(dot.x) - px) ** 2 + (frame.y.to(dot.y) - py) ** 2;
    if (away < least) [best, least] = [dot, away];
  }
  return best;
}

export function scatterCsv(chart: Scatter): string[][] {
  const text = (field: Field, value: number) => field.names?.[value] ?? String(value);
  return [['run', chart.x.label, chart.y.label], ...chart.dots.map((dot) => [dot.label, text(chart.x, dot.x), text(chart.y, dot.y)])];
}
