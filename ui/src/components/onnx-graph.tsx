/**
 * A model's graph to look at: layers of operators from the inputs down to the outputs, with pan, zoom,
 * search and the keyboard. Only what is in sight is drawn, and from afar only boxes, so that models of
 * thousands of operators move as small ones do.
 */
import { Component } from 'preact';
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { OnnxGraph, OnnxModel } from '../api/onnx';
import { grouped } from '../format';
import { layOut, type Layered } from '../layered';
import { digest, findNodes, shapeText, type Digest, type DrawnNode } from '../onnx-digest';
import { kindLabels, type OpKind } from '../onnx-kinds';
import { fitted, kept, nextNode, nodeAt, opening, showing, sightOf, zoomed, type Boxes, type Sight, type Size, type View } from '../graph-window';
import { place, setQuery } from '../router';
import { Select } from './basics';
import { OnnxDetails } from './onnx-details';

const foundMost = 50;
const step = 1.25;
const titleWidth = 7.3;
const detailWidth = 6.1;
const wordsMost = 30;
/** A press that moves less is a click. */
const clickMost_px = 4;

interface Drawing extends Boxes {
  digest: Digest;
  layered: Layered;
  /** Of each arrow: the box that it lies in, four numbers. */
  extents: Float64Array;
}

const cut = (text: string) => (text.length > wordsMost ? `${text.slice(0, wordsMost - 1)}…` : text);

function draw(graph: OnnxGraph, graphs: readonly OnnxGraph[]): Drawing {
  const drawn = digest(graph, graphs);
  const widths = Float64Array.from(drawn.nodes, (node) => Math.max(64, cut(node.title).length * titleWidth + 34, cut(node.detail).length * detailWidth + 34));
  const heights = Float64Array.from(drawn.nodes, (node) => (node.detail ? 42 : 28));
  const layered = layOut(drawn.nodes.map((_, i) => ({ width: widths[i]!, height: heights[i]! })), drawn.edges); // prettier-ignore
  const extents = new Float64Array(drawn.edges.length * 4);
  drawn.edges.forEach(({ from, to }, i) => {
    const bends = layered.bends[i]!;
    const xs = [layered.x[from]!, layered.x[to]!, ...bends.filter((_, at) => at % 2 === 0)];
    const ys = [layered.y[from]!, layered.y[to]!];
    extents.set([Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)], i * 4);
  });
  return { digest: drawn, layered, widths, heights, extents };
}

export function OnnxModelView(props: { model: OnnxModel }) {
  const { model } = props;
  const asked = Number(place.value.query.get('graph') ?? 0);
  const at = model.graphs[asked] ? asked : 0;
  const graph = model.graphs[at]!;
  const drawing = useMemo(() => draw(graph, model.graphs), [graph]);
  const wanted = place.value.query.get('node');
  const chosen = wanted !== null && drawing.digest.nodes[Number(wanted)] ? Number(wanted) : undefined;
  const choose = useCallback((node: number | undefined) => setQuery({ node: node === undefined ? undefined : String(node) }, { replace: true }), []);
  const open = (index: number) => setQuery({ graph: index === 0 ? undefined : String(index), node: undefined });
  return (
    <div class="onnx">
      {graph.faults.length > 0 && (
        <div class="onnx-faults" role="note">
          <strong>Something is wrong with this graph.</strong>
          <ul>
            {graph.faults.map((fault) => (
              <li key={fault}>{fault}.</li>
            ))}
          </ul>
        </div>
      )}
      <Stage key={at} model={model} at={at} drawing={drawing} chosen={chosen} choose={choose} open={open} />
      <Legend nodes={drawing.digest.nodes} graph={graph} />
      <OnnxDetails model={model} graph={graph} digest={drawing.digest} chosen={chosen} choose={choose} open={open} />
    </div>
  );
}

function graphLabel(graph: OnnxGraph, index: number): string {
  const name = graph.name || `graph ${index}`;
  return graph.kind === 'main' ? name : graph.kind === 'function' ? `function ${name}` : `inner ${name}`;
}

interface StageProps {
  model: OnnxModel;
  at: number;
  drawing: Drawing;
  chosen?: number;
  choose: (node: number | undefined) => void;
  open: (graph: number) => void;
}

function Stage(props: StageProps) {
  const { drawing, chosen, choose, model } = props;
  const { digest: drawn, layered } = drawing;
  const box = useRef<HTMLDivElement>(null);
  const [room, setRoom] = useState<Size>();
  const [view, setView] = useState<View>();
  const size: Size = layered;

  useLayoutEffect(() => {
    const element = box.current!;
    const observer = new ResizeObserver(() => setRoom({ width: element.clientWidth, height: element.clientHeight }));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    if (!room || view || drawn.nodes.length === 0) return;
    const first = opening(size, room, layered.x[0]!);
    setView(chosen === undefined ? first : showing(first, layered.x[chosen]!, layered.y[chosen]!, room));
  }, [room]);
  // What was chosen elsewhere, by a link or a search, comes into sight; of the view as it is then, for
  // who zooms meanwhile has changed it.
  useEffect(() => {
    if (room && chosen !== undefined) setView((now) => now && showing(now, layered.x[chosen]!, layered.y[chosen]!, room));
  }, [chosen]);

  const move = (next: (now: View) => View) => room && setView((now) => now && kept(next(now), size, room));
  const zoom = (factor: number) => room && move((now) => zoomed(now, factor, room.width / 2, room.height / 2));
  const pointing = usePointing(box, move, (left, top) => {
    if (view) choose(nodeAt(layered, drawing, view.x + left / view.scale, view.y + top / view.scale));
  });

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const acts: Record<string, () => void> = {
      '+': () => zoom(step),
      '=': () => zoom(step),
      '-': () => zoom(1 / step),
      '0': () => room && setView(fitted(size, room)),
      Home: () => choose(0),
      End: () => choose(drawn.nodes.length - 1),
    };
    if (chosen !== undefined) acts.Escape = () => choose(undefined);
    for (const key of ['ArrowUp', 'ArrowDown', 'ArrowLeft', 'ArrowRight']) {
      acts[key] = () => {
        const next = chosen === undefined ? 0 : nextNode(drawn, layered, chosen, key);
        if (next !== undefined) choose(next);
      };
    }
    const act = acts[event.key];
    if (!act || drawn.nodes.length === 0) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  };

  const sight = room && view && sightOf(view, room);
  const graph = model.graphs[props.at]!;
  const node = chosen === undefined ? undefined : drawn.nodes[chosen]!;
  return (
    <>
      <div class="onnx-tools">
        <Finder nodes={drawn.nodes} choose={choose} />
        {model.graphs.length > 1 && (
          <Select label="Graph" value={String(props.at)} options={model.graphs.map((each, i) => ({ value: String(i), label: graphLabel(each, i) }))} onChange={(value) => props.open(Number(value))} />
        )}
        <div class="zoom" role="group" aria-label="Zoom">
          <button type="button" aria-label="Zoom out" title="Zoom out (−)" onClick={() => zoom(1 / step)}>
            −
          </button>
          <span class="figures">{Math.round((view?.scale ?? 1) * 100)} %</span>
          <button type="button" aria-label="Zoom in" title="Zoom in (+)" onClick={() => zoom(step)}>
            +
          </button>
          <button type="button" title="Show all of it (0)" onClick={() => room && setView(fitted(size, room))}>
            Fit
          </button>
        </div>
      </div>
      <div
        class="onnx-stage"
        ref={box}
        tabIndex={0}
        role="application"
        aria-label={`Graph of ${grouped(graph.nodes.length)} operators. Arrow keys follow what flows, + and − zoom, 0 shows all.`}
        data-nodes={drawn.nodes.length}
        data-chosen={chosen}
        data-scale={view?.scale}
        onKeyDown={onKeyDown}
        {...pointing}
      >
        {drawn.nodes.length === 0 && <p class="muted onnx-nothing">This graph has no operators.</p>}
        {sight && (
          <svg width={room.width} height={room.height} aria-hidden="true">
            <g transform={`scale(${view.scale}) translate(${-view.x} ${-view.y})`}>
              <Scene sight={sight} drawing={drawing} chosen={chosen} />
            </g>
          </svg>
        )}
      </div>
      <p class="visually-hidden" aria-live="polite">
        {node && [node.title, node.node?.name, node.detail && `takes ${node.detail}`, `layer ${layered.layer[chosen!]! + 1}`].filter(Boolean).join(', ')}
      </p>
    </>
  );
}

/** Dragging moves, two fingers or the wheel with Ctrl zoom, the wheel alone scrolls, a click chooses. */
function usePointing(box: { current: HTMLDivElement | null }, move: (next: (now: View) => View) => unknown, click: (left: number, top: number) => void) {
  const fingers = useRef(new Map<number, { left: number; top: number }>());
  const travelled = useRef(0);
  const latest = useRef(move);
  latest.current = move;
  const spot = (event: MouseEvent) => {
    const corner = box.current!.getBoundingClientRect();
    return { left: event.clientX - corner.left - 1, top: event.clientY - corner.top - 1 };
  };
  useEffect(() => {
    const element = box.current!;
    // Preact's listeners are passive where the browser says so, and could not keep the page in its place.
    const onWheel = (event: WheelEvent) => {
      const isZoom = event.ctrlKey || event.metaKey;
      if (!isZoom && document.activeElement !== element) return;
      event.preventDefault();
      const unit = event.deltaMode === 1 ? 16 : 1;
      const { left, top } = spot(event);
      if (isZoom) latest.current((now) => zoomed(now, Math.exp(-event.deltaY * unit * 0.005), left, top));
      else latest.current((now) => ({ ...now, x: now.x + (event.deltaX * unit) / now.scale, y: now.y + (event.deltaY * unit) / now.scale }));
    };
    element.addEventListener('wheel', onWheel, { passive: false });
    return () => element.removeEventListener('wheel', onWheel);
  }, []);
  const lift = (event: PointerEvent) => {
    const was = fingers.current.delete(event.pointerId);
    if (was && event.type === 'pointerup' && fingers.current.size === 0 && travelled.current < clickMost_px) {
      const { left, top } = spot(event);
      click(left, top);
    }
  };
  return {
    onPointerDown: (event: PointerEvent) => {
      if (event.button !== 0) return;
      if (fingers.current.size === 0) travelled.current = 0;
      fingers.current.set(event.pointerId, spot(event));
      box.current!.setPointerCapture(event.pointerId);
    },
    onPointerMove: (event: PointerEvent) => {
      const before = fingers.current.get(event.pointerId);
      if (!before) return;
      const now = spot(event);
      fingers.current.set(event.pointerId, now);
      travelled.current += Math.abs(now.left - before.left) + Math.abs(now.top - before.top);
      if (travelled.current < clickMost_px) return;
      const other = [...fingers.current].find(([id]) => id !== event.pointerId)?.[1];
      if (!other) {
        latest.current((view) => ({ ...view, x: view.x - (now.left - before.left) / view.scale, y: view.y - (now.top - before.top) / view.scale }));
        return;
      }
      const apart = (each: { left: number; top: number }) => Math.max(10, Math.hypot(each.left - other.left, each.top - other.top));
      latest.current((view) => zoomed(view, apart(now) / apart(before), (now.left + other.left) / 2, (now.top + other.top) / 2));
    },
    onPointerUp: lift,
    onPointerCancel: lift,
  };
}

interface SceneProps {
  sight: Sight;
  drawing: Drawing;
  chosen?: number;
}

/** What is in sight; drawn anew only when that changes, so that moving costs one attribute. */
class Scene extends Component<SceneProps> {
  override shouldComponentUpdate(next: SceneProps): boolean {
    return next.sight.key !== this.props.sight.key || next.drawing !== this.props.drawing || next.chosen !== this.props.chosen;
  }

  render() {
    const { sight, drawing, chosen } = this.props;
    const { layered, widths, extents } = drawing;
    const { nodes, edges } = drawing.digest;
    const inSight: number[] = [];
    for (let i = 0; i < nodes.length; i += 1) {
      const [x, y, half] = [layered.x[i]!, layered.y[i]!, widths[i]! / 2];
      if (x + half > sight.left && x - half < sight.right && y > sight.top - 40 && y < sight.bottom + 40) inSight.push(i);
    }
    const passing: number[] = [];
    for (let i = 0; i < edges.length; i += 1) {
      const at = i * 4;
      if (extents[at + 2]! > sight.left && extents[at]! < sight.right && extents[at + 3]! > sight.top && extents[at + 1]! < sight.bottom) passing.push(i);
    }
    const near = chosen === undefined ? [] : passing.filter((i) => edges[i]!.from === chosen || edges[i]!.to === chosen);
    return (
      <>
        <path class="flow" d={passing.map((i) => arrow(drawing, i, sight.words)).join('')} />
        {near.length > 0 && <path class="flow near" d={near.map((i) => arrow(drawing, i, sight.words)).join('')} />}
        {sight.words ? inSight.map((i) => <Node key={i} drawing={drawing} at={i} chosen={i === chosen} />) : <FarNodes drawing={drawing} inSight={inSight} chosen={chosen} />}
      </>
    );
  }
}

const point = (x: number, y: number) => `${x.toFixed(1)} ${y.toFixed(1)}`;

/** Straight from afar; near, a curve that leaves and enters downwards, with a head. */
function arrow(drawing: Drawing, index: number, near: boolean): string {
  const { layered, heights, digest: drawn } = drawing;
  const { from, to } = drawn.edges[index]!;
  const bends = layered.bends[index]!;
  const down = layered.layer[from]! < layered.layer[to]! ? 1 : -1;
  const points = [[layered.x[from]!, layered.y[from]! + (down * heights[from]!) / 2]];
  for (let i = 0; i < bends.length; i += 2) points.push([bends[i]!, bends[i + 1]!]);
  const end = [layered.x[to]!, layered.y[to]! - (down * heights[to]!) / 2];
  points.push(end);
  let path = `M${point(points[0]![0]!, points[0]![1]!)}`;
  for (let i = 1; i < points.length; i += 1) {
    const [x, y] = points[i] as [number, number];
    const [x0, y0] = points[i - 1] as [number, number];
    path += near ? `C${point(x0, (y0 + y) / 2)} ${point(x, (y0 + y) / 2)} ${point(x, y)}` : `L${point(x, y)}`;
  }
  return near ? `${path}m-3.5 ${-5 * down}l3.5 ${5 * down}l3.5 ${-5 * down}` : path;
}

class Node extends Component<{ drawing: Drawing; at: number; chosen: boolean }> {
  override shouldComponentUpdate(next: { drawing: Drawing; at: number; chosen: boolean }): boolean {
    return next.drawing !== this.props.drawing || next.at !== this.props.at || next.chosen !== this.props.chosen;
  }

  render() {
    const { drawing, at, chosen } = this.props;
    const { layered, widths, heights } = drawing;
    const node = drawing.digest.nodes[at]!;
    const [width, height] = [widths[at]!, heights[at]!];
    const out = outgoing(drawing, at);
    return (
      <g class={`op k-${node.kind}${chosen ? ' chosen' : ''}`} transform={`translate(${point(layered.x[at]! - width / 2, layered.y[at]! - height / 2)})`} data-node={at}>
        <title>{[node.title, node.node?.name, node.detail].filter(Boolean).join(' · ')}</title>
        <rect class="box" width={width} height={height} rx={node.kind === 'ends' ? height / 2 : 5} />
        {node.kind !== 'ends' && <rect class="stripe" x="6" y="6" width="4" height={height - 12} rx="2" />}
        <text class="title" x={width / 2 + (node.kind === 'ends' ? 0 : 4)} y={node.detail ? 18 : 18.5}>
          {cut(node.title)}
        </text>
        {node.detail && (
          <text class="detail" x={width / 2 + (node.kind === 'ends' ? 0 : 4)} y="33">
            {cut(node.detail)}
          </text>
        )}
        {out && (
          <text class="shape" x={width / 2 + 7} y={height + 14}>
            {cut(out)}
          </text>
        )}
      </g>
    );
  }
}

/** The shape of what leaves an operator downwards, where the file says it. */
function outgoing(drawing: Drawing, at: number): string {
  const { node, end } = drawing.digest.nodes[at]!;
  if (end) return '';
  const names = node!.outputs.filter((name) => drawing.digest.values.get(name)?.shape);
  return names.map((name) => shapeText(drawing.digest.values.get(name)) || 'scalar').slice(0, 1).join('');
}

/** From afar a node is a box of its colour, and all of a colour are one path. */
function FarNodes(props: { drawing: Drawing; inSight: readonly number[]; chosen?: number }) {
  const { layered, widths, heights, digest: drawn } = props.drawing;
  const paths = new Map<OpKind, string[]>();
  const rectangle = (i: number) => `M${point(layered.x[i]! - widths[i]! / 2, layered.y[i]! - heights[i]! / 2)}h${widths[i]!.toFixed(1)}v${heights[i]}h${(-widths[i]!).toFixed(1)}z`;
  for (const i of props.inSight) {
    const { kind } = drawn.nodes[i]!;
    const parts = paths.get(kind);
    if (parts) parts.push(rectangle(i));
    else paths.set(kind, [rectangle(i)]);
  }
  return (
    <>
      {[...paths].map(([kind, parts]) => (
        <path key={kind} class={`far k-${kind}`} d={parts.join('')} />
      ))}
      {props.chosen !== undefined && <path class="far chosen" d={rectangle(props.chosen)} />}
    </>
  );
}

function Finder(props: { nodes: readonly DrawnNode[]; choose: (node: number) => void }) {
  const [text, setText] = useState('');
  const found = useMemo(() => findNodes(props.nodes, text, foundMost), [props.nodes, text]);
  return (
    <div class="onnx-finder">
      <input
        type="search"
        data-search
        spellcheck={false}
        placeholder="Find an operator or a value"
        aria-label="Find an operator or a value"
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => event.key === 'Enter' && found[0] !== undefined && props.choose(found[0])}
      />
      {text.trim() !== '' && (
        <ul aria-label="Found">
          {found.length === 0 && <li class="muted">Nothing has such a name.</li>}
          {found.map((i) => (
            <li key={i}>
              <button type="button" class="plain" onClick={() => props.choose(i)}>
                {props.nodes[i]!.title} <span class="muted">{props.nodes[i]!.node?.name}</span>
              </button>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

/** Which colour is which family, with how many of it there are. */
function Legend(props: { nodes: readonly DrawnNode[]; graph: OnnxGraph }) {
  const counts = new Map<OpKind, number>();
  for (const node of props.nodes) counts.set(node.kind, (counts.get(node.kind) ?? 0) + 1);
  const { graph } = props;
  return (
    <div class="onnx-legend">
      {(Object.keys(kindLabels) as OpKind[]).map((kind) =>
        counts.has(kind) ? (
          <span key={kind} class={`k-${kind}`}>
            <i aria-hidden="true" /> {kindLabels[kind]} <b class="figures">{grouped(counts.get(kind)!)}</b>
          </span>
        ) : null,
      )}
      {graph.nodes.length < graph.node_count && (
        <span class="warn-text">
          The first {grouped(graph.nodes.length)} of {grouped(graph.node_count)} operators are drawn.
        </span>
      )}
    </div>
  );
}

