/** Runs grouped by params or tags: how many, and the mean and deviation of each metric. */
import { groupKeysMost, groupMetricsMost, groupRuns, type CellValue, type ColumnName, type KnownColumns, type RunGroup, type Spread } from '../api/tracking';
import { Empty, Shown } from '../components/basics';
import { ColumnChooser } from '../components/column-chooser';
import { Table, type TableColumn } from '../components/table';
import { clause, parseColumn, quoteKey, withClause } from '../filter';
import { count, measure } from '../format';
import { nouns } from '../nouns';
import { useRead } from '../query';
import { place, searchOf } from '../router';
import { queryOf, type RunsView } from '../runs-view';

const groupsMost = 500;

/** `0.651 ± 0.004`; a single run has no deviation. */
export function spreadText(spread: Spread | undefined): string {
  if (!spread || spread.count === 0) return '–';
  return spread.std === undefined ? measure(spread.mean) : `${measure(spread.mean)} ± ${measure(spread.std, 2)}`;
}

/** The clause that picks the runs of a group. */
export function groupClause(by: Readonly<Record<ColumnName, CellValue | null>>): string {
  return Object.entries(by)
    .map(([column, value]) => {
      const { kind, key } = parseColumn(column);
      return value === null ? `${kind}.${quoteKey(key)} IS NULL` : clause(kind, key, '=', value);
    })
    .join(' AND ');
}

export function RunGroups(props: { view: RunsView; columns: readonly ColumnName[]; available: KnownColumns }) {
  const { view } = props;
  const metrics = props.columns.filter((column) => column.startsWith('metrics.')).slice(0, groupMetricsMost);
  const question = { ...queryOf(view), order_by: [], by: view.groupBy.slice(0, groupKeysMost), metrics: metrics.map((column) => parseColumn(column).key), max_results: groupsMost };
  const read = useRead(`groups:${JSON.stringify(question)}`, (signal) => groupRuns(question, signal), { on: nouns.run });
  const runsOf = (group: RunGroup) => place.value.path + searchOf(place.value.query, { group: undefined, q: withClause(view.typed, groupClause(group.by)) });
  return (
    <>
      <div class="list-head">
        <p class="note">Mean ± standard deviation of the latest values</p>
        <div class="tools">
          <ColumnChooser experiment_ids={view.experiment_ids} available={props.available} chosen={metrics} entries={view.columns} pinned={view.pinned} />
        </div>
      </div>
      <div class="panel flush">
        <Shown read={read} rows={6}>
          {({ groups, total }) =>
            groups.length === 0 ? (
              <Empty title="No run matches." />
            ) : (
              <>
                <Table
                  label="Groups"
                  rows={groups}
                  rowKey={(group) => JSON.stringify(group.by)}
                  to={runsOf}
                  height="calc(100vh - 190px)"
                  columns={[
                    ...view.groupBy.map((column): TableColumn<RunGroup> => ({
                      id: column,
                      label: parseColumn(column).key,
                      cell: (group) => <a href={runsOf(group)}>{group.by[column] === null || group.by[column] === undefined ? <span class="missing">none</span> : String(group.by[column])}</a>,
                    })),
                    { id: 'count', label: 'Runs', number: true, cell: (group) => count(group.count) },
                    ...metrics.map((column): TableColumn<RunGroup> => {
                      const { kind, key } = parseColumn(column);
                      return {
                        id: column,
                        number: true,
                        label: (
                          <span title={`${column}, mean ± standard deviation`}>
                            <span class={`kind ${kind}`} aria-hidden="true" />
                            {key}
                          </span>
                        ),
                        cell: (group) => <span title={rangeText(group.metrics[key])}>{spreadText(group.metrics[key])}</span>,
                      };
                    }),
                  ]}
                />
                {total > groups.length && (
                  <p class="more">
                    The {groups.length} largest of {count(total)} groups.
                  </p>
                )}
              </>
            )
          }
        </Shown>
      </div>
    </>
  );
}

function rangeText(spread: Spread | undefined): string | undefined {
  return spread && spread.count > 0 ? `${spread.count} runs, ${measure(spread.min)} to ${measure(spread.max)}` : undefined;
}
