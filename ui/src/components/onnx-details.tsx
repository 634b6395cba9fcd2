/** What is known of the chosen operator of a graph, or of the model while none is chosen. */
import type { OnnxAttribute, OnnxGraph, OnnxModel, OnnxValue } from '../api/onnx';
import { bytes, grouped } from '../format';
import { typeText, type Digest, type DrawnNode, type Weight } from '../onnx-digest';
import { Facts } from './basics';
import { Table } from './table';

interface DetailsProps {
  model: OnnxModel;
  graph: OnnxGraph;
  digest: Digest;
  chosen?: number;
  choose: (node: number | undefined) => void;
  open: (graph: number) => void;
}

/** Longer lists are cut: a node with thousands of consumers is no list to read. */
const listMost = 60;

export function OnnxDetails(props: DetailsProps) {
  const node = props.chosen === undefined ? undefined : props.digest.nodes[props.chosen];
  return (
    <section class="onnx-details" aria-label={node ? `About ${node.title}` : 'About the model'}>
      {node ? <NodeDetails {...props} node={node} at={props.chosen!} /> : <ModelDetails {...props} />}
    </section>
  );
}

function ModelDetails(props: DetailsProps) {
  const { model, graph } = props;
  return (
    <>
      <Facts
        items={[
          ['File', bytes(model.bytes)],
          ['Made by', [model.producer, model.producer_version].filter(Boolean).join(' ')],
          ['Operator sets', model.opsets.map((each) => `${each.domain || 'ai.onnx'} ${each.version}`).join(', ')],
          ['IR version', model.ir_version],
          ['Operators', grouped(graph.node_count)],
          ['Weights', graph.tensor_count > 0 ? `${grouped(graph.tensor_count)} tensors` : undefined],
          ['About it', model.description],
          ...model.metadata.map((each) => [each.key, <span class="onnx-value">{each.value}</span>] as const),
        ]}
      />
      <p class="muted">Choose an operator to see its attributes, its weights and what flows through it.</p>
    </>
  );
}

function NodeDetails(props: DetailsProps & { node: DrawnNode; at: number }) {
  const { node, at, digest } = props;
  const own = node.node;
  const makers = new Map<string, number[]>();
  const takers = new Map<string, number[]>();
  const add = (to: Map<string, number[]>, name: string, each: number) => to.set(name, [...(to.get(name) ?? []), each]);
  for (const edge of digest.edges) {
    if (edge.to === at) add(makers, edge.name, edge.from);
    if (edge.from === at) add(takers, edge.name, edge.to);
  }
  const weights = new Map(node.weights.map((weight) => [weight.input, weight]));
  const body = props.model.graphs.findIndex((graph) => graph.kind === 'function' && own && graph.name === own.op && (graph.domain ?? '') === (own.domain ?? ''));
  const end = node.end?.value.name ?? '';
  const takes = own ? own.inputs.map((name, i) => ({ name, weight: weights.get(i) })) : makers.size > 0 ? [{ name: end }] : [];
  const gives = own ? own.outputs.filter(Boolean) : takers.size > 0 ? [end] : [];
  return (
    <>
      <div class="onnx-node-head">
        <h3>
          {node.title} {own?.name && <span class="muted">{own.name}</span>}
        </h3>
        {own?.domain && <span class="muted">{own.domain}</span>}
        {body >= 0 && (
          <button type="button" onClick={() => props.open(body)}>
            Open the function
          </button>
        )}
        <button type="button" class="plain" onClick={() => props.choose(undefined)}>
          About the model
        </button>
      </div>
      {!own && <p>{node.end!.side === 'in' ? 'An input' : 'An output'} of the graph{node.detail && <>, <code>{node.detail}</code></>}.</p>}
      {!own && makers.size + takers.size === 0 && <p class="muted">No operator is connected with it.</p>}
      <div class="columns even">
        {takes.length > 0 && (
          <Flows title="Takes">
            {takes.map((each, i) => (
              <Flow key={i} {...props} {...each} ends={makers.get(each.name)} />
            ))}
          </Flows>
        )}
        {gives.length > 0 && (
          <Flows title="Gives">
            {gives.map((name) => (
              <Flow key={name} {...props} name={name} ends={takers.get(name)} />
            ))}
          </Flows>
        )}
      </div>
      {(own?.attributes?.length ?? 0) > 0 && <Attributes attributes={own!.attributes!} open={props.open} graphs={props.model.graphs} />}
    </>
  );
}

function Flows(props: { title: string; children: preact.ComponentChildren }) {
  return (
    <div>
      <h4>{props.title}</h4>
      <ul class="onnx-flows">{props.children}</ul>
    </div>
  );
}

function Flow(props: DetailsProps & { name: string; weight?: Weight; ends?: readonly number[] }) {
  const { name, weight, digest } = props;
  const value: OnnxValue | undefined = weight ?? digest.values.get(name);
  const ends = props.ends ?? [];
  if (name === '') return <li class="muted">left out</li>;
  return (
    <li>
      <code>{name}</code> {typeText(value) && <span class="muted">{typeText(value)}</span>}
      {weight && <span class="muted"> · {weight.external_file ? `weights in ${weight.external_file}` : 'weights'}</span>}
      {weight?.elements && <span class="onnx-value"> = {weight.elements}</span>}
      {ends.slice(0, listMost).map((each) => (
        <button key={each} type="button" class="plain small" onClick={() => props.choose(each)}>
          {digest.nodes[each]!.title}
          {digest.nodes[each]!.node?.name ? ` ${digest.nodes[each]!.node!.name}` : ''}
        </button>
      ))}
      {ends.length > listMost && <span class="muted"> and {grouped(ends.length - listMost)} more</span>}
    </li>
  );
}

function Attributes(props: { attributes: readonly OnnxAttribute[]; graphs: readonly OnnxGraph[]; open: (graph: number) => void }) {
  return (
    <>
      <h4>Attributes</h4>
      <Table
        label="Attributes"
        rows={props.attributes}
        rowKey={(attribute) => attribute.name}
        columns={[
          { id: 'name', label: 'Name', cell: (attribute) => attribute.name },
          { id: 'kind', label: 'Kind', cell: (attribute) => <span class="muted">{attribute.kind}</span> },
          {
            id: 'value',
            label: 'Value',
            grow: true,
            cell: (attribute) => (
              <>
                {attribute.value && (
                  <span class="clip" title={attribute.value}>
                    {attribute.value}
                  </span>
                )}
                {attribute.graphs?.map((index) => (
                  <button key={index} type="button" class="small" onClick={() => props.open(index)}>
                    Open {props.graphs[index]?.name || 'the graph'}
                  </button>
                ))}
              </>
            ),
          },
        ]}
      />
    </>
  );
}
