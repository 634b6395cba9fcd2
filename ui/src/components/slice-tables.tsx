/** Where a model is worst, and how differently it treats groups. */
import type { SlicePerformance } from '../api/monitors';
import { count, grouped, measure, percent } from '../format';
import { narrowed, sliceCondition } from '../slices';
import { Badge, Empty, Section } from './basics';
import { Table } from './table';

const slicesShown = 15;

export function SliceTables(props: { performance: SlicePerformance; where: string; path: (where: string) => string }) {
  const { all, slices, disparities } = props.performance;
  if (all.rows === 0) {
    return (
      <Section title="Slices">
        <Empty title="No outcome is known yet.">Slices are judged by what really happened.</Empty>
      </Section>
    );
  }
  const judged = slices.filter((slice) => slice.p !== undefined);
  const worse = slices.filter((slice) => slice.worse).length;
  const path = (slice: (typeof slices)[number]) => {
    const condition = sliceCondition(slice.input, slice.value);
    return condition && props.path(narrowed(props.where, condition));
  };
  const gaps = [...disparities].sort((a, b) => widest(b) - widest(a));
  return (
    <>
      <Section
        title="Worst slices"
        note={`${worse} of ${judged.length} slices have more errors than the rest, at a false discovery rate of 5 % · ${percent(all.error_rate)} errors in ${grouped(all.rows)} known answers`}
        flush
      >
        {judged.length === 0 ? (
          <Empty title="Not enough data.">No slice has 50 known answers.</Empty>
        ) : (
          <Table
            label="Worst slices"
            rows={judged.slice(0, slicesShown)}
            rowKey={(slice) => `${slice.input}=${slice.value}`}
            to={path}
            columns={[
              {
                id: 'slice',
                label: 'Slice',
                cell: (slice) => (
                  <>
                    {path(slice) ? <a href={path(slice)}>{slice.input} {slice.value}</a> : `${slice.input} ${slice.value}`} {slice.worse && <Badge state="warning" label="worse" />}
                  </>
                ),
              },
              { id: 'rows', label: 'Known', number: true, cell: (slice) => count(slice.figures.rows) },
              { id: 'errors', label: 'Errors', number: true, cell: (slice) => <span class={slice.worse ? 'bad-text' : ''}>{percent(slice.figures.error_rate)}</span> },
              { id: 'precision', label: 'Precision', number: true, cell: (slice) => percent(slice.figures.precision) },
              { id: 'recall', label: 'Recall', number: true, cell: (slice) => percent(slice.figures.true_positive_rate) },
              { id: 'selected', label: 'Said positive', number: true, cell: (slice) => percent(slice.figures.selection_rate) },
              { id: 'cost', label: 'Cost', number: true, cell: (slice) => measure(slice.figures.cost, 4) },
              { id: 'p', label: 'Chance', number: true, cell: (slice) => measure(slice.adjusted_p, 2) },
            ]}
          />
        )}
      </Section>
      <Section title="Fairness gaps" note="largest less smallest over the groups of an input" flush>
        <Table
          label="Fairness gaps"
          rows={gaps}
          rowKey={(gap) => gap.input}
          columns={[
            { id: 'input', label: 'Input', cell: (gap) => gap.input },
            { id: 'groups', label: 'Groups', number: true, cell: (gap) => gap.groups },
            { id: 'selection', label: 'Said positive', number: true, cell: (gap) => percent(gap.selection_rate) },
            { id: 'true_positive', label: 'True positive rate', number: true, cell: (gap) => percent(gap.true_positive_rate) },
            { id: 'false_positive', label: 'False positive rate', number: true, grow: true, cell: (gap) => percent(gap.false_positive_rate) },
          ]}
        />
      </Section>
    </>
  );
}

function widest(gap: SlicePerformance['disparities'][number]): number {
  return Math.max(gap.selection_rate ?? 0, gap.true_positive_rate ?? 0, gap.false_positive_rate ?? 0);
}
