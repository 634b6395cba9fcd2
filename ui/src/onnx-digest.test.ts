import { expect, test } from 'vitest';
import type { OnnxGraph } from './api/onnx';
import { digest, findNodes, typeText } from './onnx-digest';

const graph = (parts: Partial<OnnxGraph>): OnnxGraph => ({ kind: 'main', inputs: [], outputs: [], values: [], tensors: [], nodes: [], node_count: parts.nodes?.length ?? 0, tensor_count: 0, faults: [], ...parts });
const names = (nodes: readonly { title: string }[]) => nodes.map((node) => node.title);

test('weights and constants stand in the boxes of those who take them', () => {
  const drawn = digest(
    graph({
      inputs: [{ name: 'x', type: 'float32', shape: ['N', '4'] }, { name: 'w' }], // prettier-ignore
      outputs: [{ name: 'y', type: 'float32', shape: [] }],
      tensors: [{ name: 'w', type: 'float32', shape: ['4', '2'] }],
      nodes: [
        { op: 'Constant', inputs: [], outputs: ['c'], attributes: [{ name: 'value', kind: 'tensor', value: 'int64[2] = -1, 2' }] },
        { op: 'Gemm', name: 'head', inputs: ['x', 'w'], outputs: ['h'] },
        { op: 'Reshape', inputs: ['h', 'c'], outputs: ['y'] },
      ],
    }),
  );
  expect(names(drawn.nodes)).toEqual(['x', 'Gemm', 'Reshape', 'y']);
  expect(drawn.nodes.map((node) => node.detail)).toEqual(['float32 N×4', '4×2', '2', 'float32 scalar']);
  expect(drawn.nodes[2]!.weights[0]).toMatchObject({ input: 1, type: 'int64', shape: ['2'], elements: '-1, 2' });
  expect(drawn.edges).toEqual([{ from: 0, to: 1, name: 'x' }, { from: 1, to: 2, name: 'h' }, { from: 2, to: 3, name: 'y' }]); // prettier-ignore
  expect(findNodes(drawn.nodes, 'HEAD', 9)).toEqual([1]);
  expect(findNodes(drawn.nodes, 'h', 1)).toEqual([1]);
});

test('what a graph within a node takes from around it flows to the node', () => {
  const inner = graph({ kind: 'inner', nodes: [{ op: 'Add', inputs: ['x', 'local'], outputs: ['z'] }, { op: 'Relu', inputs: [], outputs: ['local'] }], outputs: [{ name: 'z' }] }); // prettier-ignore
  const main = graph({
    inputs: [{ name: 'yes' }, { name: 'x' }],
    nodes: [{ op: 'If', inputs: ['yes'], outputs: ['y'], attributes: [{ name: 'then_branch', kind: 'graph', graphs: [1] }] }],
  });
  expect(digest(main, [main, inner]).edges).toEqual([{ from: 0, to: 2, name: 'yes' }, { from: 1, to: 2, name: 'x' }]); // prettier-ignore
});

test('graphs that are broken are drawn as far as they go', () => {
  const drawn = digest(graph({ nodes: [{ op: 'Add', inputs: ['nowhere', 'b'], outputs: ['a'] }, { op: 'Neg', inputs: ['a'], outputs: ['b'] }], outputs: [{ name: 'lost' }] })); // prettier-ignore
  expect(drawn.edges).toEqual([{ from: 1, to: 0, name: 'b' }, { from: 0, to: 1, name: 'a' }]); // prettier-ignore
  expect(typeText(undefined)).toBe('');
});
