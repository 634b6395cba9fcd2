/**
 * Contours: how a third column goes over the plane of two others. Between the runs the surface is
 * the mean of all of them weighted by the inverse square of their distance (Shepard), which goes
 * through every run's own value and invents no extremes beyond what was measured.
 */
import { rampColour } from './colours';
import { clipToPlot, drawFrame, frameOf, type Frame, type Ink } from './frame';
import type { Field } from './field';
import type { Pen } from './pen';
import { extent, niceStep, padded } from './scale';

export interface ContourPoint {
  id: string;
  label: string;
  x: number;
  y: number;
  z: number;
}

export interface Contour {
  points: readonly ContourPoint[];
  x: Field;
  y: Field;
  zLabel: string;
}

const cells = 96;
const levelsMost = 8;

/** Value at a place given in shares of the plot, over points given likewise. */
export function surfaceAt(points: readonly { u: number; v: number; z: number }[], u: number, v: number): number {
  let weights = 0;
  let sum = 0;
  for (const point of points) {
    const away = (point.u - u) ** 2 + (point.v - v) ** 2;
    if (away < 1e-12) return point.z;
    const weight = 1 / away;
    weights += weight;
    sum += weight * point.z;
  }
  return weights === 0 ? NaN : sum / weights;
}

/** Heights of the lines, at round values. */
export function levelsOf(low: number, high: number): number[] {
  if (!(high > low)) return [];
  const step = niceStep(high - low, levelsMost);
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.max(0, Math.floor(high / step) - first + 1) }, (_, i) => (first + i) * step);
}

/** The pieces of a contour line inside one cell (marching squares); corners clockwise from the top left. */
export function crossings(corners: readonly [number, number, number, number], level: number): [number, number, number, number][] {
  const [a, b, c, d] = corners;
  const part = (from: number, to: number) => (level - from) / (to - from);
  const points: [number, number][] = [];
  if (a < level !== b < level) points.push([part(a, b), 0]);
  if (b < level !== c < level) points.push([1, part(b, c)]);
  if (c < level !== d < level) points.push([1 - part(c, d), 1]);
  if (d < level !== a < level) points.push([0, 1 - part(d, a)]);
  const pieces: [number, number, number, number][] = [];
  for (let i = 0; i + 1 < points.length; i += 2) pieces.push([...points[i]!, ...points[i + 1]!]);
  return pieces;
}

export function drawContour(pen: Pen, width: number, height: number, chart: Contour, ink: Ink): Frame {
  const range = (field: Field, values: number[]): [number, number] => (field.names ? [-0.5, field.names.length - 0.5] : padded(extent(values), 'linear'));
  const frame = frameOf(
    width,
    height,
    { kind: chart.x.names ? 'names' : 'linear', domain: range(chart.x, chart.points.map((point) => point.x)), label: chart.x.label, names: chart.x.names },
    { kind: chart.y.names ? 'names' : 'linear', domain: range(chart.y, chart.points.map((point) => point.y)), label: chart.y.label, names: chart.y.names },
  );
  const [low, high] = extent(chart.points.map((point) => point.z));
  const [wide, tall] = [frame.right - frame.left, frame.bottom - frame.top];
  const placed = chart.points.map((point) => ({ u: (frame.x.to(point.x) - frame.left) / wide, v: (frame.y.to(point.y) - frame.top) / tall, z: point.z }));
  const grid = Array.from({ length: cells + 1 }, (_, row) => Array.from({ length: cells + 1 }, (__, column) => surfaceAt(placed, column / cells, row / cells)));
  drawFrame(pen, frame, ink, { x: chart.x.label, y: chart.y.label });
  clipToPlot(pen, frame);
  drawSurface(pen, frame, grid, low, high);
  drawLevels(pen, frame, grid, levelsOf(low, high), ink);
  for (const point of chart.points) {
    pen.fillStyle = high > low ? rampColour((point.z - low) / (high - low)) : rampColour(0.5);
    pen.strokeStyle = ink.text;
    pen.lineWidth = 1;
    pen.beginPath();
    pen.arc(frame.x.to(point.x), frame.y.to(point.y), 3.5, 0, 2 * Math.PI);
    pen.fill();
    pen.stroke();
  }
  pen.restore();
  return frame;
}

function drawSurface(pen: Pen, frame: Frame, grid: readonly number[][], low: number, high: number): void {
  const [wide, tall] = [(frame.right - frame.left) / cells, (frame.bottom - frame.top) / cells];
  pen.globalAlpha = 0.62;
  for (let row = 0; row < cells; row += 1) {
    for (let column = 0; column < cells; column += 1) {
      const z = (grid[row]![column]! + grid[row]![column + 1]! + grid[row + 1]![column]! + grid[row + 1]![column + 1]!) / 4;
      if (!Number.isFinite(z)) continue;
      pen.fillStyle = rampColour(high > low ? (z - low) / (high - low) : 0.5);
      // Cells meet on whole pixels, or seams would shine through.
      const [x, y] = [Math.round(frame.left + column * wide), Math.round(frame.top + row * tall)];
      pen.fillRect(x, y, Math.round(frame.left + (column + 1) * wide) - x, Math.round(frame.top + (row + 1) * tall) - y);
    }
  }
  pen.globalAlpha = 1;
}

function drawLevels(pen: Pen, frame: Frame, grid: readonly number[][], levels: readonly number[], ink: Ink): void {
  const [wide, tall] = [(frame.right - frame.left) / cells, (frame.bottom - frame.top) / cells];
  pen.strokeStyle = ink.text;
  pen.lineWidth = 0.8;
  pen.globalAlpha = 0.55;
  for (const level of levels) {
    pen.beginPath();
    for (let row = 0; row < cells; row += 1) {
      for (let column = 0; column < cells; column += 1) {
        const corners = [grid[row]![column]!, grid[row]![column + 1]!, grid[row + 1]![column + 1]!, grid[row + 1]![column]!] as const;
        for (const [x1, y1, x2, y2] of crossings(corners as unknown as [number, number, number, number], level)) {
          pen.moveTo(frame.left + (column + x1) * wide, frame.top + (row + y1) * tall);
          pen.lineTo(frame.left + (column + x2) * wide, frame.top + (row + y2) * tall);
        }
      }
    }
    pen.stroke();
  }
  pen.globalAlpha = 1;
}

export function contourCsv(chart: Contour): string[][] {
  const text = (field: Field, value: number) => field.names?.[value] ?? String(value);
  return [['run', chart.x.label, chart.y.label, chart.zLabel], ...chart.points.map((point) => [point.label, text(chart.x, point.x), text(chart.y, point.y), String(point.z)])];
}
