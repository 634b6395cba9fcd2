/** The axes around a drawing, and the ink that it is drawn in. */
import type { Pen } from './pen';
import { scaleOf, type Scale, type ScaleKind, type Span } from './scale';

/** Colours as the page has them now, resolved for drawing. */
export interface Ink {
  text: string;
  muted: string;
  line: string;
  strong: string;
  surface: string;
  accent: string;
  font: string;
  dark: boolean;
}

export interface Axis {
  kind: ScaleKind;
  domain: Span;
  label?: string;
  names?: readonly string[];
}

export interface Frame {
  left: number;
  top: number;
  right: number;
  bottom: number;
  x: Scale;
  y: Scale;
}

export const fontSize_px = 11;
const tickGap_px = 78;
const rowGap_px = 34;
/** Figures are about this wide; measuring text would need a canvas, which an SVG has not. */
const glyph_px = 6.2;

export const textWidth = (text: string) => text.length * glyph_px;

/** Cuts a label so that it fits. */
export function clipped(text: string, width_px: number): string {
  const most = Math.max(1, Math.floor(width_px / glyph_px));
  return text.length <= most ? text : `${text.slice(0, Math.max(1, most - 1))}…`;
}

/** Lays the plot out in a box: the left margin is as wide as the figures there need. */
export function frameOf(width: number, height: number, xAxis: Axis, yAxis: Axis): Frame {
  const top = yAxis.label ? 20 : 8;
  const bottom = height - (xAxis.label ? 36 : 20);
  const y = scaleOf(yAxis.kind, yAxis.domain, [bottom, top], Math.max(2, Math.floor((bottom - top) / rowGap_px)), yAxis.names);
  const widest = Math.max(0, ...y.ticks.map((tick) => textWidth(tick.label)));
  const left = Math.min(Math.round(width * 0.4), Math.max(34, Math.round(widest) + 12));
  const right = width - 12;
  const x = scaleOf(xAxis.kind, xAxis.domain, [left, right], Math.max(2, Math.floor((right - left) / tickGap_px)), xAxis.names);
  return { left, top, right, bottom, x, y };
}

export function drawFrame(pen: Pen, frame: Frame, ink: Ink, labels: { x?: string; y?: string } = {}): void {
  const { left, top, right, bottom } = frame;
  pen.font = `${fontSize_px}px ${ink.font}`;
  pen.lineWidth = 1;
  pen.strokeStyle = ink.line;
  pen.beginPath();
  for (const { at } of frame.y.ticks) {
    const y = Math.round(frame.y.to(at)) + 0.5;
    pen.moveTo(left, y);
    pen.lineTo(right, y);
  }
  for (const { at } of frame.x.ticks) {
    const x = Math.round(frame.x.to(at)) + 0.5;
    pen.moveTo(x, top);
    pen.lineTo(x, bottom);
  }
  pen.stroke();
  pen.strokeStyle = ink.strong;
  pen.beginPath();
  pen.moveTo(left, bottom + 0.5);
  pen.lineTo(right, bottom + 0.5);
  pen.stroke();
  pen.fillStyle = ink.muted;
  pen.textBaseline = 'middle';
  pen.textAlign = 'right';
  for (const { at, label } of frame.y.ticks) pen.fillText(clipped(label, left - 8), left - 6, frame.y.to(at));
  pen.textBaseline = 'top';
  pen.textAlign = 'center';
  const step = frame.x.ticks.length > 1 ? Math.abs(frame.x.to(frame.x.ticks[1]!.at) - frame.x.to(frame.x.ticks[0]!.at)) : right - left;
  for (const { at, label } of frame.x.ticks) pen.fillText(frame.x.kind === 'names' ? clipped(label, step - 4) : label, frame.x.to(at), bottom + 5);
  pen.fillStyle = ink.text;
  if (labels.x) {
    pen.textAlign = 'right';
    pen.fillText(clipped(labels.x, right - left), right, bottom + 21);
  }
  if (labels.y) {
    pen.textAlign = 'left';
    pen.fillText(clipped(labels.y, right - 4), 4, 3);
  }
}

/** Draws only inside the plot until `restore`. */
export function clipToPlot(pen: Pen, frame: Frame): void {
  pen.save();
  pen.beginPath();
  pen.rect(frame.left, frame.top - 1, frame.right - frame.left, frame.bottom - frame.top + 2);
  pen.clip();
}

export const within = (frame: Frame, x: number, y: number) => x >= frame.left && x <= frame.right && y >= frame.top && y <= frame.bottom;
