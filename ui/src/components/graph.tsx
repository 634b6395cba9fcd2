/** Directed graphs laid out by dagre and drawn as SVG; nodes are links that the keyboard reaches. */
import { useEffect, useState } from 'preact/hooks';

export interface GraphNode {
  id: string;
  title: string;
  /** Second line, smaller. */
  detail?: string;
  /** `good`, `bad`, `busy`, `warn`, `quiet`. */
  tone?: string;
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
  arrows: { path: string; label?: string; x: number; y: number }[];
}

const nodeHeight_px = 46;

function widthOf(node: GraphNode): number {
  const longest = Math.max(node.title.length * 7.3, (node.detail?.length ?? 0) * 6.2, (node.over?.length ?? 0) * 6.4);
  return Math.min(230, Math.max(104, longest + 30));
}

function cut(text: string, width: number, perCharacter: number): string {
  const most = Math.floor((width - 26) / perCharacter);
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}

/** A line through points with its corners rounded off. */
function smooth(points: readonly { x: number; y: number }[]): string {
  const [first, ...rest] = points;
  if (!first) return '';
  let path = `M${first.x.toFixed(1)} ${first.y.toFixed(1)}`;
  rest.forEach((point, i) => {
    const next = rest[i + 1];
    if (next) path += `Q${point.x.toFixed(1)} ${point.y.toFixed(1)} ${((point.x + next.x) / 2).toFixed(1)} ${((point.y + next.y) / 2).toFixed(1)}`;
    else path += `L${point.x.toFixed(1)} ${point.y.toFixed(1)}`;
  });
  return path;
}

async function layOut(nodes: readonly GraphNode[], arrows: readonly GraphArrow[], down: boolean): Promise<Layout> {
  const dagre = await import('@dagrejs/dagre');
  const graph = new dagre.Graph({ multigraph: true });
  graph.setGraph({ rankdir: down ? 'TB' : 'LR', nodesep: down ? 24 : 18, ranksep: down ? 34 : 46, marginx: 8, marginy: 8 });
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
      const at = graph.edge(edge) as { points: { x: number; y: number }[]; label?: string };
      const middle = at.points[Math.floor(at.points.length / 2)] ?? { x: 0, y: 0 };
      return { path: smooth(at.points), label: at.label, x: middle.x, y: middle.y };
    }),
  };
}

export function Graph(props: { label: string; nodes: readonly GraphNode[]; arrows: readonly GraphArrow[] }) {
  const [layout, setLayout] = useState<Layout>();
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
  if (!layout) return <div class="graph" style={{ minHeight: '120px' }} />;
  return (
    <div class="graph" role="group" aria-label={props.label} data-nodes={layout.nodes.length}>
      <svg width={layout.width} height={layout.height} viewBox={`0 0 ${layout.width} ${layout.height}`}>
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
              <title>{[node.over, node.title, node.detail].filter(Boolean).join(' · ')}</title>
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
