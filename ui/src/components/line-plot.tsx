/** A line chart with zoom, smoothing and a readout of every line; what is looked at is the caller's. */
import { useCallback, useMemo } from 'preact/hooks';
import { absolute, duration, measure } from '../format';
import type { Frame, Ink } from '../plot/frame';
import { drawLines, linesCsv, readAt, strokeLine, type Line, type LineChart } from '../plot/lines';
import type { Pen } from '../plot/pen';
import type { ScaleKind, Span } from '../plot/scale';
import { smoothed } from '../plot/smooth';
import { Plot, type Readout } from './plot';

const readMost = 12;
const dragLeast_px = 6;

export function xText(kind: ScaleKind, value: number): string {
  return kind === 'time' ? absolute(value) : kind === 'duration' ? duration(value) : `step ${measure(value, 8)}`;
}

function smoothLine(line: Line, weight: number): Line {
  const ends = { xs: line.ends.xs, ys: smoothed(line.ends.ys, weight) };
  return { ...line, ...ends, ends };
}

export function LinePlot(props: {
  label: string;
  chart: LineChart;
  height?: number;
  zoomed?: boolean;
  onZoom?: (window: Span | undefined) => void;
  /** Hides the names in a saved picture where the chart has only one line. */
  legend?: boolean;
}) {
  const { chart } = props;
  const drawing = useMemo<LineChart>(() => chart, [chart.lines, chart.x, chart.log, chart.smoothing, chart.xLabel, chart.yLabel, chart.window?.[0], chart.window?.[1]]);
  const draw = useCallback((pen: Pen, width: number, height: number, ink: Ink) => drawLines(pen, width, height, drawing, ink), [drawing]);
  // What the readout says of a smoothed chart is the smoothed line, which is what the eye follows.
  const shown = useMemo<LineChart>(
    () => (drawing.smoothing > 0 ? { ...drawing, lines: drawing.lines.map((line) => smoothLine(line, drawing.smoothing)) } : drawing),
    [drawing],
  );
  const point = (pen: Pen, frame: Frame, x: number, y: number, ink: Ink): Readout | undefined => {
    if (x < frame.left || x > frame.right) return undefined;
    const readings = readAt(shown, frame, x, y);
    const nearest = readings[0];
    if (!nearest) return undefined;
    const at = Math.round(frame.x.to(nearest.x)) + 0.5;
    pen.strokeStyle = ink.strong;
    pen.lineWidth = 1;
    pen.beginPath();
    pen.moveTo(at, frame.top);
    pen.lineTo(at, frame.bottom);
    pen.stroke();
    if (shown.lines.length > 1) strokeLine(pen, frame, nearest.line, nearest.line, 2.6);
    pen.fillStyle = nearest.line.colour;
    pen.beginPath();
    pen.arc(frame.x.to(nearest.x), frame.y.to(nearest.y), 3.5, 0, 2 * Math.PI);
    pen.fill();
    return {
      title: xText(chart.x, nearest.x),
      items: readings.slice(0, readMost).map(({ line, y: value }) => ({ label: line.label, value: measure(value, 5), colour: line.colour })),
      more: Math.max(0, readings.length - readMost),
    };
  };
  const { onZoom } = props;
  const windowOf = (frame: Frame, from: number, to: number): Span => [frame.x.from(Math.max(frame.left, Math.min(from, to))), frame.x.from(Math.min(frame.right, Math.max(from, to)))];
  const points = chart.lines.reduce((sum, line) => sum + line.xs.length, 0);
  return (
    <Plot
      label={props.label}
      height={props.height}
      draw={draw}
      point={point}
      onDrag={onZoom && ((frame, [from], [to]) => Math.abs(to - from) >= dragLeast_px && onZoom(windowOf(frame, from, to)))}
      dragShape={(frame, [from], [to]) => (onZoom ? [Math.min(from, to), frame.top, Math.abs(to - from), frame.bottom - frame.top] : undefined)}
      onZoom={
        onZoom &&
        ((frame, x, factor) => {
          const middle = frame.x.from(x);
          const [low, high] = frame.x.domain;
          onZoom([middle - (middle - low) * factor, middle + (high - middle) * factor]);
        })
      }
      onReset={onZoom && (() => onZoom(undefined))}
      zoomed={props.zoomed}
      csv={() => linesCsv(chart)}
      legend={props.legend === false ? [] : chart.lines.map(({ label, colour }) => ({ label, colour }))}
      drawn={points}
    />
  );
}
