/** What is drawn of an ONNX graph: operators with their weights, its ends, and what flows between them. */
import type { OnnxGraph, OnnxNode, OnnxTensor, OnnxValue } from './api/onnx';
import { kindOf, type OpKind } from './onnx-kinds';

/** A weight or constant that an operator takes. */
export interface Weight extends OnnxTensor {
  /** Which of the operator's inputs it is. */
  input: number;
}

export interface DrawnNode {
  kind: OpKind;
  /** The operator, or the name of an input or output of the graph. */
  title: string;
  /** Below the title: shapes of weights, or the type of an end. */
  detail: string;
  /** Of operators; index into the graph's nodes. */
  node?: OnnxNode;
  index?: number;
  /** Of ends. */
  end?: { side: 'in' | 'out'; value: OnnxValue };
  weights: Weight[];
}

export interface DrawnEdge {
  from: number;
  to: number;
  /** The value that flows. */
  name: string;
}

export interface Digest {
  nodes: DrawnNode[];
  edges: DrawnEdge[];
  /** What is known of values by their names: ends, values in between, weights. */
  values: Map<string, OnnxValue>;
}

export const shapeText = (value: OnnxValue | undefined) => value?.shape?.join('×') ?? '';
/** `float32 1×3×224×224`, `float32 scalar`, or nothing. */
export function typeText(value: OnnxValue | undefined): string {
  if (!value) return '';
  const shape = value.shape && (value.shape.length === 0 ? 'scalar' : value.shape.join('×'));
  return [value.type, shape].filter(Boolean).join(' ');
}

const detailMost = 3;

/** A constant's value stands in an attribute: `int64[3] = 1, 2, 3`. */
function constantOf(node: OnnxNode): OnnxTensor | undefined {
  const name = node.outputs[0];
  const attribute = node.attributes?.[0];
  if (node.op !== 'Constant' || node.domain || !name || node.inputs.length > 0 || !attribute) return undefined;
  const tensor = /^(\w+)(?:\[([^\]]*)\])?(?: = (.*))?$/s.exec(attribute.value ?? '');
  if (attribute.kind !== 'tensor' || !tensor) return { name, type: attribute.kind, elements: attribute.value };
  return { name, type: tensor[1], shape: tensor[2] ? tensor[2].split(', ') : [], elements: tensor[3] };
}

/** What a graph within a node takes from around it, however deep it lies. */
function captured(graphs: readonly OnnxGraph[], indices: readonly number[], into = new Set<string>()): Set<string> {
  for (const graph of indices.map((index) => graphs[index])) {
    if (!graph) continue;
    const made = new Set([...graph.inputs, ...graph.tensors].map((value) => value.name));
    for (const node of graph.nodes) for (const name of node.outputs) made.add(name);
    const taken = new Set([...graph.nodes.flatMap((node) => node.inputs), ...graph.outputs.map((value) => value.name)]);
    for (const node of graph.nodes) captured(graphs, innerGraphs(node), taken);
    for (const name of taken) if (name && !made.has(name)) into.add(name);
  }
  return into;
}

const innerGraphs = (node: OnnxNode) => (node.attributes ?? []).flatMap((attribute) => attribute.graphs ?? []);

/** `graphs` are all of the model's, among which are those within the graph's nodes. */
export function digest(graph: OnnxGraph, graphs: readonly OnnxGraph[] = []): Digest {
  const values = new Map<string, OnnxValue>();
  for (const value of [...graph.values, ...graph.outputs, ...graph.inputs]) values.set(value.name, value);
  const weights = new Map<string, OnnxTensor>(graph.tensors.map((tensor) => [tensor.name, tensor]));
  // Old files list their weights among the inputs as well.
  const inputs = graph.inputs.filter((value) => !weights.has(value.name));
  const outputs = new Set(graph.outputs.map((value) => value.name));
  const folded = new Set<OnnxNode>();
  for (const node of graph.nodes) {
    const constant = constantOf(node);
    if (!constant || outputs.has(constant.name)) continue;
    weights.set(constant.name, constant);
    folded.add(node);
  }
  for (const [name, weight] of weights) values.set(name, weight);

  const nodes: DrawnNode[] = inputs.map((value) => ({ kind: 'ends', title: value.name, detail: typeText(value), end: { side: 'in', value }, weights: [] }));
  const makers = new Map<string, number>(inputs.map((value, i) => [value.name, i]));
  graph.nodes.forEach((node, index) => {
    if (folded.has(node)) return;
    const own = node.inputs.flatMap((name, input) => (weights.has(name) ? [{ ...weights.get(name)!, input }] : []));
    const detail = own
      .slice(0, detailMost)
      .map((weight) => shapeText(weight) || weight.elements || 'scalar')
      .join(' · ');
    nodes.push({ kind: kindOf(node.op, node.domain), title: node.op, detail: own.length > detailMost ? `${detail} …` : detail, node, index, weights: own });
    for (const name of node.outputs) if (name) makers.set(name, nodes.length - 1);
  });
  const edges: DrawnEdge[] = [];
  const link = (name: string, to: number) => {
    const from = makers.get(name);
    if (from !== undefined) edges.push({ from, to, name });
  };
  nodes.forEach((each, to) => each.node && [...new Set([...each.node.inputs, ...captured(graphs, innerGraphs(each.node))])].forEach((name) => link(name, to)));
  for (const value of graph.outputs) {
    nodes.push({ kind: 'ends', title: value.name, detail: typeText(value), end: { side: 'out', value }, weights: [] });
    link(value.name, nodes.length - 1);
  }
  return { nodes, edges, values };
}

/** The nodes whose operator, name or values hold what was typed, in the order of the graph. */
export function findNodes(nodes: readonly DrawnNode[], typed: string, most: number): number[] {
  const wanted = typed.trim().toLowerCase();
  if (wanted === '') return [];
  const has = (text: string | undefined) => text !== undefined && text.toLowerCase().includes(wanted);
  const found: number[] = [];
  for (let i = 0; i < nodes.length && found.length < most; i += 1) {
    const { title, node } = nodes[i]!;
    if (has(title) || has(node?.name) || node?.outputs.some(has) || node?.inputs.some(has)) found.push(i);
  }
  return found;
}
