/** Directed graphs laid out by dagre and drawn as SVG; nodes are links that the keyboard reaches. */
import { useEffect, useRef, useState } from 'preact/hooks';

export interface GraphNode {
  id: string;
  title: string;
  /** Second line, smaller. */
  detail?: string;
  /** `good`, `bad`, `busy`, `warn`, `quiet`. */
  tone?: string;
  /** More for the tooltip and for those who listen. */
  says?: string;
  /** A short word over the title, such as the kind of thing. */
  over?: string;
  to?: string;
  current?: boolean;
}

export interface GraphArrow {
  from: string;
  to: string;
  label?: string;
}

interface Layout {
  width: number;
  height: number;
  nodes: { node: GraphNode; x: number; y: number; width: number; height: number }[];
  arrows: { path: string; label?: string }[];
}

const nodeHeight_px = 46;
/** A graph too wide for its box is drawn smaller, down to this; then the box scrolls. */
const scaleMin = 0.8;

function widthOf(node: GraphNode): number {
  const longest = Math.max(node.title.length * 8, (node.detail?.length ?? 0) * 6.2, (node.over?.length ?? 0) * 6.4);
  return Math.min(220, Math.max(92, longest + 28));
}

function cut(text: string, width: number, perCharacter: number): string {
  const most = Math.floor((width - 26) / perCharacter);
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}

interface Point {
  x: number;
  y: number;
}

const text = (point: Point) => `${point.x.toFixed(1)} ${point.y.toFixed(1)}`;

/** A curve that leaves and enters along the direction of the graph, and passes the bends between. */
function curve(points: readonly Point[], down: boolean): string {
  let path = `M${text(points[0]!)}`;
  for (let i = 1; i < points.length; i += 1) {
    const from = points[i - 1]!;
    const to = points[i]!;
    const half = down ? (to.y - from.y) / 2 : (to.x - from.x) / 2;
    const leave = down ? { x: from.x, y: from.y + half } : { x: from.x + half, y: from.y };
    const enter = down ? { x: to.x, y: to.y - half } : { x: to.x - half, y: to.y };
    path += `C${text(leave)} ${text(enter)} ${text(to)}`;
  }
  return path;
}

interface Placed extends Point {
  width: number;
  height: number;
}

/** dagre ends arrows where they meet a node's outline, often a corner; these end at the middle of a side. */
function ends(from: Placed, to: Placed, down: boolean): [Point, Point] {
  return down
    ? [
        { x: from.x, y: from.y + from.height / 2 },
        { x: to.x, y: to.y - to.height / 2 - 1 },
      ]
    : [
        { x: from.x + from.width / 2, y: from.y },
        { x: to.x - to.width / 2 - 1, y: to.y },
      ];
}

async function layOut(nodes: readonly GraphNode[], arrows: readonly GraphArrow[], down: boolean): Promise<Layout> {
  const dagre = await import('@dagrejs/dagre');
  const graph = new dagre.Graph({ multigraph: true });
  graph.setGraph({ rankdir: down ? 'TB' : 'LR', nodesep: down ? 20 : 16, ranksep: down ? 34 : 36, marginx: 8, marginy: 8 });
  graph.setDefaultEdgeLabel(() => ({}));
  const known = new Set(nodes.map((node) => node.id));
  for (const node of nodes) graph.setNode(node.id, { width: widthOf(node), height: nodeHeight_px + (node.over ? 12 : 0) });
  arrows.forEach((arrow, i) => {
    if (known.has(arrow.from) && known.has(arrow.to)) graph.setEdge(arrow.from, arrow.to, { label: arrow.label }, String(i));
  });
  dagre.layout(graph);
  const size = graph.graph() as { width: number; height: number };
  return {
    width: size.width,
    height: size.height,
    nodes: nodes.map((node) => {
      const at = graph.node(node.id) as { x: number; y: number; width: number; height: number };
      return { node, x: at.x - at.width / 2, y: at.y - at.height / 2, width: at.width, height: at.height };
    }),
    arrows: graph.edges().map((edge) => {
      const at = graph.edge(edge) as { points: Point[]; label?: string };
      const [start, end] = ends(graph.node(edge.v) as Placed, graph.node(edge.w) as Placed, down);
      // A short arrow needs no bend; a long one keeps those that lead it round other nodes.
      const bends = at.points.length > 3 ? at.points.slice(1, -1) : [];
      return { path: curve([start, ...bends, end], down), label: at.label };
    }),
  };
}

export function Graph(props: { label: string; nodes: readonly GraphNode[]; arrows: readonly GraphArrow[] }) {
  const [layout, setLayout] = useState<Layout>();
  const [room, setRoom] = useState(0);
  const box = useRef<HTMLDivElement>(null);
  const down = typeof window !== 'undefined' && window.innerWidth < 700;
  const shape = JSON.stringify([props.nodes, props.arrows, down]);
  useEffect(() => {
    let ended = false;
    void layOut(props.nodes, props.arrows, down).then((result) => {
      if (!ended) setLayout(result);
    });
    return () => {
      ended = true;
    };
  }, [shape]);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => setRoom(entry?.contentRect.width ?? 0));
    observer.observe(box.current!);
    return () => observer.disconnect();
  }, []);

  const fits = layout && room > 0 ? Math.min(1, room / layout.width) : 1;
  const scale = fits >= scaleMin ? fits : 1;
  const current = layout?.nodes.find((each) => each.node.current);
  useEffect(() => {
    const element = box.current!;
    if (!layout || !current || layout.width * scale <= element.clientWidth) return;
    element.scrollLeft = (current.x + current.width / 2) * scale - element.clientWidth / 2;
  }, [layout, scale, current?.node.id]);

  if (!layout) return <div class="graph" ref={box} style={{ minHeight: '120px' }} />;
  return (
    <div class="graph" ref={box} role="group" aria-label={props.label} data-nodes={layout.nodes.length}>
      <svg width={layout.width * scale} height={layout.height * scale} viewBox={`0 0 ${layout.width} ${layout.height}`}>
        <defs>
          <marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto-start-reverse">
            <path d="M0 0.5 L7 4 L0 7.5" class="arrow-head" />
          </marker>
        </defs>
        {layout.arrows.map((arrow, i) => (
          <path key={i} class="arrow-line" d={arrow.path} marker-end="url(#arrow)">
            {arrow.label && <title>{arrow.label}</title>}
          </path>
        ))}
        {layout.nodes.map(({ node, x, y, width, height }) => {
          const body = (
            <g transform={`translate(${x} ${y})`} class={`node ${node.tone ?? ''} ${node.current ? 'current' : ''}`} data-node={node.id}>
              <title>{[node.over, node.title, node.says, node.detail].filter(Boolean).join(' · ')}</title>
              <rect width={width} height={height} rx="5" />
              <rect class="edge" width="3" height={height - 14} x="7" y="7" rx="1.5" />
              {node.over && (
                <text class="over" x="18" y="17">
                  {node.over}
                </text>
              )}
              <text class="title" x="18" y={(node.over ? 14 : 0) + (node.detail ? 20 : node.over ? 24 : 27)}>
                {cut(node.title, width, 7.1)}
              </text>
              {node.detail && (
                <text class="detail" x="18" y={(node.over ? 12 : 0) + 36}>
                  {cut(node.detail, width, 6)}
                </text>
              )}
            </g>
          );
          return node.to ? (
            <a key={node.id} href={node.to} aria-current={node.current ? 'true' : undefined}>
              {body}
            </a>
          ) : (
            <g key={node.id}>{body}</g>
          );
        })}
      </svg>
    </div>
  );
}
