/** Writes ONNX files that no tool at hand writes: very large graphs, graphs within graphs. */

function varint(value) {
  const bytes = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) {
      bytes.push(rest);
      return Buffer.from(bytes);
    }
    bytes.push((rest % 128) + 128);
  }
}
const bytes = (number, value) => {
  const content = Buffer.isBuffer(value) ? value : Buffer.from(value);
  return Buffer.concat([varint(number * 8 + 2), varint(content.length), content]);
};
const number = (field, value) => Buffer.concat([varint(field * 8), varint(value)]);
const all = (parts) => Buffer.concat(parts);

const tensorType = (shape) => bytes(2, bytes(1, all([number(1, 1), bytes(2, all(shape.map((size) => bytes(1, number(1, size)))))])));
const value = (name, shape) => all([bytes(1, name), shape ? tensorType(shape) : Buffer.alloc(0)]);
export const node = (op, inputs, outputs, name = '', attributes = []) =>
  all([...inputs.map((each) => bytes(1, each)), ...outputs.map((each) => bytes(2, each)), bytes(3, name), bytes(4, op), ...attributes.map((each) => bytes(5, each))]);
const weight = (name, shape) => all([...shape.map((size) => number(1, size)), number(2, 1), bytes(8, name), bytes(9, Buffer.alloc(4 * shape.reduce((a, b) => a * b, 1)))]);

export function graph({ name = 'main', nodes, weights = [], inputs = [], outputs = [], values = [] }) {
  return all([
    ...nodes.map((each) => bytes(1, each)),
    bytes(2, name),
    ...weights.map(([each, shape]) => bytes(5, weight(each, shape))),
    ...inputs.map(([each, shape]) => bytes(11, value(each, shape))),
    ...outputs.map(([each, shape]) => bytes(12, value(each, shape))),
    ...values.map(([each, shape]) => bytes(13, value(each, shape))),
  ]);
}
export const model = (main) => all([number(1, 8), bytes(2, 'test'), bytes(7, main), bytes(8, all([bytes(1, ''), number(2, 17)]))]);

/** A network of residual blocks with so many operators, as deep as the largest that are in use. */
export function largeModel(operators) {
  const nodes = [];
  const weights = [];
  const values = [];
  let last = 'x';
  for (let block = 0; nodes.length + 6 <= operators; block += 1) {
    const at = (part) => `b${block}/${part}`;
    weights.push([at('w'), [8, 8, 3, 3]], [at('v'), [8, 8, 1, 1]]);
    nodes.push(
      node('Conv', [last, at('w')], [at('conv')], `/block.${block}/conv`),
      node('BatchNormalization', [at('conv')], [at('norm')], `/block.${block}/norm`),
      node('Relu', [at('norm')], [at('relu')], `/block.${block}/relu`),
      node('Conv', [at('relu'), at('v')], [at('point')], `/block.${block}/point`),
      node('Add', [at('point'), last], [at('sum')], `/block.${block}/add`),
      node('Relu', [at('sum')], [at('out')], `/block.${block}/out`),
    );
    values.push([at('out'), [1, 8, 32, 32]]);
    last = at('out');
  }
  return model(graph({ nodes, weights, values, inputs: [['x', [1, 8, 32, 32]]], outputs: [[last, [1, 8, 32, 32]]] }));
}

/** An operator that holds a graph of its own for either case. */
export function branchingModel() {
  const inner = (name, op) => graph({ name, nodes: [node(op, ['x'], [`${name}_y`])], outputs: [[`${name}_y`, [4]]] });
  const attribute = (name, body) => all([bytes(1, name), bytes(6, body), number(20, 5)]);
  const branch = node('If', ['yes'], ['y'], 'choice', [attribute('then_branch', inner('positive', 'Relu')), attribute('else_branch', inner('negative', 'Neg'))]);
  return model(graph({ nodes: [branch], inputs: [['yes', []], ['x', [4]]], outputs: [['y', [4]]] })); // prettier-ignore
}
