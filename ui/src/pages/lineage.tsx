/** What something was made from and what was made from it. */
import { useEffect, useState } from 'preact/hooks';
import { getLineage, type Lineage, type LineageNode } from '../api/lineage';
import { cli } from '../cli';
import { Choice, Empty, Page, Section, Shown } from '../components/basics';
import { Graph } from '../components/graph';
import { Table } from '../components/table';
import { getOverview } from '../api/overview';
import { shortId } from '../format';
import { lineagePath, subjectPath } from '../links';
import { nouns } from '../nouns';
import { useRead } from '../query';
import { place, setQuery } from '../router';

const kindTones: Record<string, string> = {
  source: 'k-data',
  dataset: 'k-data',
  input: 'k-data',
  split: 'k-data',
  run: 'k-run',
  model: 'k-model',
  endpoint: 'k-serve',
  monitor: 'k-watch',
  alert: 'k-watch',
  alerts: 'k-watch',
  pipeline_run: 'k-pipe',
};

export function LineageGraph(props: { lineage: Lineage; node: string }) {
  const { node } = props;
  const shown = folded(props.lineage, node);
  return (
    <Graph
      label={`Lineage of ${node}`}
      nodes={shown.nodes.map((each) => ({
        id: each.id,
        title: shortId(each.label),
        over: each.kind.replace('_', ' '),
        tone: kindTones[each.kind] ?? 'quiet',
        to: each.kind === 'alerts' ? '/alerts' : each.id === node ? (subjectPath(each.id) ?? lineagePath(each.id)) : lineagePath(each.id),
        current: each.id === node,
      }))}
      arrows={shown.edges}
    />
  );
}

export function LineagePage() {
  const asked = place.value.query.get('node') ?? '';
  const depth = Number(place.value.query.get('depth')) || 3;
  const overview = useRead(asked ? null : 'overview', getOverview);
  const loop = overview.data?.loops[0];
  // Without a node the first loop's endpoint is the middle of everything.
  const node = asked || (loop ? `endpoint:${loop.endpoint}` : '');
  const lineage = useRead(node ? `lineage:${node}:${depth}` : null, (signal) => getLineage(node, depth, signal), {
    on: [...nouns.dataset, ...nouns.model, ...nouns.endpoint],
  });
  return (
    <Page
      title="Lineage"
      sub="From raw bytes to predictions, and back."
      actions={
        node && subjectPath(node) ? (
          <a class="button" href={subjectPath(node)}>
            Open {node.split(':')[0]?.replace('_', ' ')}
          </a>
        ) : undefined
      }
    >
      <div class="toolbar">
        <NodeBox value={node} />
        <Choice
          label="Steps away"
          value={String(depth)}
          options={['1', '2', '3', '5', '8'].map((each) => ({ value: each, label: each }))}
          onChange={(value) => setQuery({ node, depth: value })}
        />
        <span class="muted">steps away</span>
      </div>
      {!node && !overview.loading && (
        <Empty title="Choose a node." command={cli.quickDemo}>
          Such as <code>dataset:flights@1</code>, <code>model:flights-late@1</code> or <code>endpoint:flights-late</code>.
        </Empty>
      )}
      {node && (
        <Shown read={lineage} rows={6}>
          {(data) =>
            data.edges.length === 0 ? (
              <Empty title="Nothing is connected to this.">
                No data, run, model or endpoint is known to lead to <code>{node}</code> or to come from it.
              </Empty>
            ) : (
              <>
                <div class="panel flush">
                  <LineageGraph lineage={data} node={node} />
                </div>
                <Section title="Connections" note={data.is_cut ? `${data.edges.length}, more lie further away` : data.edges.length} flush>
                  <Table
                    label="Connections"
                    rows={data.edges}
                    rowKey={(edge) => `${edge.from} ${edge.to} ${edge.label}`}
                    columns={[
                      { id: 'from', label: 'From', cell: (edge) => <NodeLink id={edge.from} /> },
                      { id: 'label', label: 'How', cell: (edge) => <span class="muted">{edge.label}</span> },
                      { id: 'to', label: 'To', grow: true, cell: (edge) => <NodeLink id={edge.to} /> },
                    ]}
                  />
                </Section>
              </>
            )
          }
        </Shown>
      )}
    </Page>
  );
}

/** Alerts of one monitor that led nowhere are one node of the picture; the table below names each. */
export function folded(lineage: Lineage, kept: string): Lineage {
  const starts = new Set(lineage.edges.map((edge) => edge.from));
  const parent = new Map(lineage.edges.map((edge) => [edge.to, edge.from]));
  const groups = new Map<string, string[]>();
  for (const each of lineage.nodes) {
    const from = parent.get(each.id);
    if (each.kind !== 'alert' || each.id === kept || starts.has(each.id) || !from) continue;
    groups.set(from, [...(groups.get(from) ?? []), each.id]);
  }
  const gone = new Set([...groups.values()].filter((ids) => ids.length > 1).flat());
  const together: LineageNode[] = [...groups]
    .filter(([, ids]) => ids.length > 1)
    .map(([from, ids]) => ({ id: `alerts:${from}`, kind: 'alerts', label: `${ids.length} that led nowhere` }));
  return {
    nodes: [...lineage.nodes.filter((each) => !gone.has(each.id)), ...together],
    edges: [
      ...lineage.edges.filter((edge) => !gone.has(edge.to)),
      ...together.map((each) => ({ from: each.id.slice('alerts:'.length), to: each.id, label: 'raised' })),
    ],
  };
}

function NodeLink(props: { id: string }) {
  const [kind = '', ...rest] = props.id.split(':');
  const text = `${kind.replace('_', ' ')} ${shortId(rest.join(':'))}`;
  const to = subjectPath(props.id);
  return to ? <a href={to}>{text}</a> : <span>{text}</span>;
}

function NodeBox(props: { value: string }) {
  const [text, setText] = useState(props.value);
  useEffect(() => setText(props.value), [props.value]);
  return (
    <form
      class="grow-form"
      onSubmit={(event) => {
        event.preventDefault();
        setQuery({ node: text.trim() });
      }}
    >
      <input
        type="search"
        class="wide"
        data-search
        spellcheck={false}
        placeholder="dataset:flights@1"
        aria-label="Node, as kind and id"
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
      />
    </form>
  );
}
