/**
 * Where a drawing of plot/ becomes part of a page: its canvas, pointer and keys, a readout of what
 * is under the cursor, and saving as PNG, SVG or CSV.
 */
import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { fileName, save, toCsv } from '../csv';
import type { Ink } from '../plot/frame';
import { SvgPen, type Pen } from '../plot/pen';
import { theme } from '../theme';

/** What is under the cursor, in words. */
export interface Readout {
  title: string;
  items: readonly { label: string; value: string; colour?: string }[];
  /** How many there are beyond those listed. */
  more?: number;
}

export interface LegendEntry {
  label: string;
  colour: string;
}

export interface PlotProps<F> {
  /** What the chart shows, for those who cannot see it and as the name of a saved file. */
  label: string;
  height?: number;
  /** Draws and says where things were put. Memoised by the caller: a new function draws anew. */
  draw: (pen: Pen, width: number, height: number, ink: Ink) => F;
  /** Marks what is at a point, on a canvas above the drawing, and says it. */
  point?: (pen: Pen, frame: F, x: number, y: number, ink: Ink) => Readout | undefined;
  /** A drag from one point to another. `mark` shows it while it lasts. */
  onDrag?: (frame: F, from: readonly [number, number], to: readonly [number, number]) => void;
  dragShape?: (frame: F, from: readonly [number, number], to: readonly [number, number]) => readonly [number, number, number, number] | undefined;
  onPick?: (frame: F, x: number, y: number) => void;
  /** Scales the window around a cursor position: 0.5 is twice as near. */
  onZoom?: (frame: F, x: number, factor: number) => void;
  onReset?: () => void;
  zoomed?: boolean;
  csv: () => string[][];
  legend?: readonly LegendEntry[];
  /** How many points or marks were drawn. */
  drawn: number;
  tools?: ComponentChildren;
}

const keyStep_px = 12;
const clickReach_px = 4;
const legendMost = 60;
const legendRow_px = 18;

function variable(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

export function inkNow(): Ink {
  return {
    text: variable('--ink'),
    muted: variable('--muted'),
    line: variable('--line'),
    strong: variable('--line-strong'),
    surface: variable('--surface'),
    accent: variable('--accent'),
    font: variable('--font'),
    dark: theme.value === 'dark',
  };
}

function prepared(canvas: HTMLCanvasElement, width: number, height: number): CanvasRenderingContext2D | null {
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const context = canvas.getContext('2d');
  context?.scale(ratio, ratio);
  return context;
}

export function Plot<F>(props: PlotProps<F>) {
  const box = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const above = useRef<HTMLCanvasElement>(null);
  const frame = useRef<F | undefined>();
  const cursor = useRef<[number, number] | undefined>();
  const drag = useRef<[number, number] | undefined>();
  const latest = useRef(props);
  latest.current = props;
  const [width, setWidth] = useState(0);
  const [readout, setReadout] = useState<(Readout & { x: number; y: number }) | undefined>();
  const height = props.height ?? 220;
  const appearance = theme.value;

  useLayoutEffect(() => {
    const element = box.current!;
    const fit = () => setWidth(Math.max(160, element.clientWidth));
    fit();
    const observer = new ResizeObserver(fit);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  useEffect(() => {
    if (width === 0) return;
    const pen = prepared(canvas.current!, width, height);
    if (!pen) return;
    frame.current = props.draw(pen, width, height, inkNow());
    box.current!.dataset['drawn'] = String(props.drawn);
    markCursor();
  }, [props.draw, width, height, appearance]);

  const markCursor = () => {
    const pen = prepared(above.current!, width, height);
    const at = cursor.current;
    const now = frame.current;
    if (!pen || !at || now === undefined) return setReadout(undefined);
    const ink = inkNow();
    const shape = drag.current && latest.current.dragShape?.(now, drag.current, at);
    if (shape) {
      pen.globalAlpha = 0.16;
      pen.fillStyle = ink.accent;
      pen.fillRect(...shape);
      pen.globalAlpha = 1;
    }
    const said = latest.current.point?.(pen, now, at[0], at[1], ink);
    setReadout(said ? { ...said, x: at[0], y: at[1] } : undefined);
  };

  const placeOf = (event: PointerEvent): [number, number] => {
    const bounds = canvas.current!.getBoundingClientRect();
    return [event.clientX - bounds.left, event.clientY - bounds.top];
  };
  const onPointerMove = (event: PointerEvent) => {
    cursor.current = placeOf(event);
    markCursor();
  };
  const leave = () => {
    if (drag.current) return;
    cursor.current = undefined;
    markCursor();
  };
  const onPointerDown = (event: PointerEvent) => {
    if (event.button !== 0 || event.pointerType === 'touch') return;
    drag.current = placeOf(event);
    (event.currentTarget as Element).setPointerCapture(event.pointerId);
  };
  const onPointerUp = (event: PointerEvent) => {
    const to = placeOf(event);
    const from = drag.current ?? (event.pointerType === 'touch' ? to : undefined);
    drag.current = undefined;
    if (!from || frame.current === undefined) return;
    const moved = Math.hypot(to[0] - from[0], to[1] - from[1]) > clickReach_px;
    if (moved) props.onDrag?.(frame.current, from, to);
    else props.onPick?.(frame.current, to[0], to[1]);
    markCursor();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const at = cursor.current ?? [width / 2, height / 2];
    const step = event.shiftKey ? 1 : keyStep_px;
    const moves: Record<string, [number, number]> = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
    const move = moves[event.key];
    if (move) cursor.current = [Math.max(0, Math.min(width, at[0] + move[0])), Math.max(0, Math.min(height, at[1] + move[1]))];
    else if ((event.key === '+' || event.key === '=') && frame.current !== undefined && props.onZoom) props.onZoom(frame.current, at[0], 0.5);
    else if (event.key === '-' && frame.current !== undefined && props.onZoom) props.onZoom(frame.current, at[0], 2);
    else if (event.key === '0' && props.onReset) props.onReset();
    else return;
    event.preventDefault();
    markCursor();
  };

  return (
    <div class="plot">
      <div
        class="chart"
        ref={box}
        role="img"
        aria-label={props.label}
        tabIndex={0}
        style={{ height: `${height}px` }}
        onPointerMove={onPointerMove}
        onPointerLeave={leave}
        onPointerDown={onPointerDown}
        onPointerUp={onPointerUp}
        onPointerCancel={() => (drag.current = undefined)}
        onDblClick={props.onReset}
        onKeyDown={onKeyDown}
        onBlur={leave}
      >
        <canvas ref={canvas} style={{ width: `${width}px`, height: `${height}px` }} />
        <canvas class="above" ref={above} style={{ width: `${width}px`, height: `${height}px` }} />
      </div>
      {readout && <Tip readout={readout} width={width} />}
      <div class="plot-tools">
        {props.tools}
        {props.zoomed && props.onReset && (
          <button type="button" class="plain small" onClick={props.onReset}>
            Whole range
          </button>
        )}
        <SaveMenu plot={props} width={width} height={height} />
      </div>
    </div>
  );
}

function Tip(props: { readout: Readout & { x: number; y: number }; width: number }) {
  const { readout } = props;
  const leftHalf = readout.x < props.width / 2;
  return (
    <div class="tip" role="status" style={{ top: `${readout.y + 12}px`, ...(leftHalf ? { left: `${readout.x + 14}px` } : { right: `${props.width - readout.x + 14}px` }) }}>
      <p class="tip-title">{readout.title}</p>
      <table>
        <tbody>
          {readout.items.map((item, i) => (
            <tr key={i}>
              <th scope="row">
                {item.colour && <i style={{ background: item.colour }} />}
                {item.label}
              </th>
              <td>{item.value}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {readout.more ? <p class="muted">and {readout.more} more</p> : null}
    </div>
  );
}

function SaveMenu<F>(props: { plot: PlotProps<F>; width: number; height: number }) {
  const { plot, width, height } = props;
  const legend = (plot.legend ?? []).slice(0, legendMost);
  const columns = Math.max(1, Math.floor(width / 200));
  const fullHeight = height + 24 + Math.ceil(legend.length / columns) * legendRow_px + (legend.length > 0 ? 8 : 0);

  /** The picture as it is saved: with a ground, the heading and the legend that the page shows around it. */
  const drawAll = (pen: Pen, down: (by: number) => void) => {
    const ink = inkNow();
    pen.fillStyle = ink.surface;
    pen.fillRect(0, 0, width, fullHeight);
    pen.font = `600 13px ${ink.font}`;
    pen.fillStyle = ink.text;
    pen.textBaseline = 'middle';
    pen.fillText(plot.label, 8, 13);
    legend.forEach((entry, i) => {
      const [x, y] = [8 + (i % columns) * (width / columns), height + 36 + Math.floor(i / columns) * legendRow_px];
      pen.font = `11px ${ink.font}`;
      pen.fillStyle = entry.colour;
      pen.fillRect(x, y - 4, 9, 9);
      pen.fillStyle = ink.text;
      pen.fillText(entry.label, x + 14, y);
    });
    down(24);
    plot.draw(pen, width, height, ink);
  };
  const savePng = () => {
    const sheet = document.createElement('canvas');
    const scale = 2;
    sheet.width = width * scale;
    sheet.height = fullHeight * scale;
    const pen = sheet.getContext('2d');
    if (!pen) return;
    pen.scale(scale, scale);
    drawAll(pen, (by) => pen.translate(0, by));
    sheet.toBlob((content) => content && save(fileName(plot.label, 'png'), content), 'image/png');
  };
  const saveSvg = () => {
    const pen = new SvgPen();
    drawAll(pen, (by) => pen.moveDown(by));
    save(fileName(plot.label, 'svg'), new Blob([pen.document(width, fullHeight, plot.label)], { type: 'image/svg+xml' }));
  };
  const saveCsv = () => save(fileName(plot.label, 'csv'), new Blob([toCsv(plot.csv())], { type: 'text/csv' }));
  return (
    <details class="menu">
      <summary class="button plain small" aria-label={`Save ${plot.label}`} title="Save as PNG, SVG or CSV">
        Save
      </summary>
      <div class="menu-body short">
        <button type="button" class="plain" onClick={savePng}>
          PNG
        </button>
        <button type="button" class="plain" onClick={saveSvg}>
          SVG
        </button>
        <button type="button" class="plain" onClick={saveCsv}>
          CSV
        </button>
      </div>
    </details>
  );
}
