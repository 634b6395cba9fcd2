/** Where a model is worst, how differently it treats groups, and the answers that were wrong. */
import { useState } from 'preact/hooks';
import { collectMistakes, type ClassFigures, type ClassPerformance, type LogSlice, type LossFigures, type LossPerformance, type Monitor, type SlicePerformance } from '../api/monitors';
import { count, grouped, measure, percent } from '../format';
import { datasetPath } from '../links';
import { mistakeCondition, narrowed, sliceCondition } from '../slices';
import { Badge, Empty, Section, Select } from './basics';
import { Table, type TableColumn } from './table';

const slicesShown = 15;

type ClassSlice = ClassPerformance['slices'][number];
type LossSlice = LossPerformance['slices'][number];

const number = <T,>(id: string, label: string, cell: (row: T) => preact.ComponentChildren): TableColumn<T> => ({ id, label, number: true, cell });

const classColumns: TableColumn<ClassSlice>[] = [
  number('errors', 'Errors', (slice) => <span class={slice.worse ? 'bad-text' : ''}>{percent(slice.figures.error_rate)}</span>),
  number('precision', 'Precision', (slice) => percent(slice.figures.precision)),
  number('recall', 'Recall', (slice) => percent(slice.figures.true_positive_rate)),
  number('selected', 'Said positive', (slice) => percent(slice.figures.selection_rate)),
];
const lossColumns: TableColumn<LossSlice>[] = [
  number('mae', 'Mean absolute error', (slice) => <span class={slice.worse ? 'bad-text' : ''}>{measure(slice.figures.mae)}</span>),
  number('rmse', 'RMSE', (slice) => measure(slice.figures.rmse)),
  number('bias', 'Bias', (slice) => measure(slice.figures.bias)),
  number('answer', 'Mean answer', (slice) => measure(slice.figures.mean_predicted)),
];

const classRates: TableColumn<ClassSlice>[] = [
  number('selection', 'Said positive', (slice) => percent(slice.figures.selection_rate)),
  number('true_positive', 'True positive rate', (slice) => percent(slice.figures.true_positive_rate)),
  { ...number<ClassSlice>('false_positive', 'False positive rate', (slice) => percent(slice.figures.false_positive_rate)), grow: true },
];
const lossRates: TableColumn<LossSlice>[] = [
  number('mae', 'Mean absolute error', (slice) => measure(slice.figures.mae)),
  number('bias', 'Bias', (slice) => measure(slice.figures.bias)),
  { ...number<LossSlice>('happened', 'Mean of what happened', (slice) => measure(slice.figures.mean_actual)), grow: true },
];

/** `path` is the page of a slice, `rows` that of the rows for which a condition holds. */
export function SliceTables(props: { performance: SlicePerformance; monitor: Monitor; slice: LogSlice; path: (where: string) => string; rows: (condition: string) => string }) {
  const { performance } = props;
  const where = props.slice.where;
  if (performance.all.rows === 0) {
    return (
      <Section title="Slices">
        <Empty title="No outcome is known yet.">Slices are judged by what really happened.</Empty>
      </Section>
    );
  }
  const path = (slice: { input: string; value: string }) => {
    const condition = sliceCondition(slice.input, slice.value);
    return condition && props.path(narrowed(where, condition));
  };
  return (
    <>
      {performance.task === 'regression' ? (
        <Worst
          slices={performance.slices}
          columns={lossColumns}
          path={path}
          words={`have larger errors than the rest, at a false discovery rate of 5 % · mean absolute error ${measure(performance.all.mae)} over ${grouped(performance.all.rows)} known answers`}
        />
      ) : (
        <Worst
          slices={performance.slices}
          columns={classColumns}
          path={path}
          words={`have more errors than the rest, at a false discovery rate of 5 % · ${percent(performance.all.error_rate)} errors in ${grouped(performance.all.rows)} known answers`}
        />
      )}
      {performance.task === 'regression' ? (
        <Fairness
          gaps={[...performance.disparities].sort((a, b) => (b.mae ?? 0) - (a.mae ?? 0))}
          gapColumns={[
            number<LossPerformance['disparities'][number]>('mae', 'Mean absolute error', (gap) => measure(gap.mae)),
            { ...number<LossPerformance['disparities'][number]>('bias', 'Bias', (gap) => measure(gap.bias)), grow: true },
          ]}
          slices={performance.slices}
          columns={lossRates}
          path={path}
        />
      ) : (
        <Fairness
          gaps={[...performance.disparities].sort((a, b) => widest(b) - widest(a))}
          gapColumns={[
            number<ClassPerformance['disparities'][number]>('selection', 'Said positive', (gap) => percent(gap.selection_rate)),
            number<ClassPerformance['disparities'][number]>('true_positive', 'True positive rate', (gap) => percent(gap.true_positive_rate)),
            { ...number<ClassPerformance['disparities'][number]>('false_positive', 'False positive rate', (gap) => percent(gap.false_positive_rate)), grow: true },
          ]}
          slices={performance.slices}
          columns={classRates}
          path={path}
        />
      )}
      <Mistakes {...props} />
    </>
  );
}

function widest(gap: ClassPerformance['disparities'][number]): number {
  return Math.max(gap.selection_rate ?? 0, gap.true_positive_rate ?? 0, gap.false_positive_rate ?? 0);
}

interface AnySlice {
  input: string;
  value: string;
  worse: boolean;
  p?: number;
  adjusted_p?: number;
  figures: ClassFigures | LossFigures;
}

function Worst<Slice extends AnySlice>(props: { slices: readonly Slice[]; columns: readonly TableColumn<Slice>[]; path: (slice: Slice) => string | undefined; words: string }) {
  const { path } = props;
  const judged = props.slices.filter((slice) => slice.p !== undefined);
  const worse = props.slices.filter((slice) => slice.worse).length;
  return (
    <Section title="Worst slices" note={`${worse} of ${judged.length} slices ${props.words}`} flush>
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
            number<Slice>('rows', 'Known', (slice) => count(slice.figures.rows)),
            ...props.columns,
            number<Slice>('cost', 'Cost', (slice) => measure(slice.figures.cost, 4)),
            number<Slice>('p', 'Chance', (slice) => measure(slice.adjusted_p, 2)),
          ]}
        />
      )}
    </Section>
  );
}

function Fairness<Slice extends AnySlice, Gap extends { input: string; groups: number }>(props: {
  gaps: readonly Gap[];
  gapColumns: readonly TableColumn<Gap>[];
  slices: readonly Slice[];
  columns: readonly TableColumn<Slice>[];
  path: (slice: Slice) => string | undefined;
}) {
  const { gaps, path } = props;
  const [asked, setAsked] = useState('');
  const chosen = gaps.some((gap) => gap.input === asked) ? asked : (gaps[0]?.input ?? '');
  const groups = props.slices.filter((slice) => slice.input === chosen);
  return (
    <div class="columns even">
      <Section title="Fairness gaps" note="largest less smallest over the groups of an input that have 50 known answers" flush>
        <Table
          label="Fairness gaps"
          rows={gaps}
          rowKey={(gap) => gap.input}
          current={(gap) => gap.input === chosen}
          columns={[
            {
              id: 'input',
              label: 'Input',
              cell: (gap) => (
                <button type="button" class="plain" aria-pressed={gap.input === chosen} onClick={() => setAsked(gap.input)}>
                  {gap.input}
                </button>
              ),
            },
            number<Gap>('groups', 'Groups', (gap) => gap.groups),
            ...props.gapColumns,
          ]}
        />
      </Section>
      <Section
        title={`Groups by ${chosen}`}
        tools={<Select label="Input" value={chosen} options={gaps.map((gap) => ({ value: gap.input, label: gap.input }))} onChange={setAsked} />}
        flush
      >
        <Table
          label="Groups of the input"
          rows={groups}
          rowKey={(slice) => slice.value}
          to={path}
          height="420px"
          columns={[
            { id: 'group', label: 'Group', cell: (slice) => (path(slice) ? <a href={path(slice)}>{slice.value}</a> : slice.value) },
            number<Slice>('rows', 'Known', (slice) => (slice.p === undefined ? <span class="muted">{count(slice.figures.rows)}, too few</span> : count(slice.figures.rows))),
            ...props.columns,
          ]}
        />
      </Section>
    </div>
  );
}

/** Wrong answers, as counts that lead to their rows, and as a dataset. */
function Mistakes(props: { performance: SlicePerformance; monitor: Monitor; slice: LogSlice; rows: (condition: string) => string }) {
  const { performance, monitor, slice } = props;
  const isRegression = performance.task === 'regression';
  const [kind, setKind] = useState('both');
  const [beyond, setBeyond] = useState('');
  const [dataset, setDataset] = useState(`${monitor.name}-mistakes`);
  const [state, setState] = useState<{ busy?: boolean; error?: Error; made?: { dataset: string; version: number; rows: number; unchanged: boolean } }>({});
  const mostly = performance.task === 'regression' ? measure(performance.all.mae, 3) : '';
  const collect = async () => {
    setState({ busy: true });
    try {
      const made = await collectMistakes(monitor, performance.task, slice, { dataset, kind, beyond: isRegression ? beyond || mostly.replace(/,/g, '') : '0' });
      setState({ made: { dataset: made.dataset, version: made.version.version, rows: made.version.row_count, unchanged: made.unchanged } });
    } catch (cause) {
      setState({ error: cause instanceof Error ? cause : new Error(String(cause)) });
    }
  };
  return (
    <Section title="Mistakes" note="of all known answers shown here; a dataset of them can be looked at, labelled or trained on">
      {performance.task === 'regression' ? (
        <p class="note-line">
          Answers are {performance.all.bias !== null && performance.all.bias >= 0 ? 'too high' : 'too low'} by {measure(Math.abs(performance.all.bias ?? 0))} on average; the mean absolute error is {measure(performance.all.mae)}.
        </p>
      ) : (
        <div class="table-box">
          <table class="confusion" aria-label="Answers and what happened">
            <thead>
              <tr>
                <td />
                <th scope="col">Was positive</th>
                <th scope="col">Was negative</th>
              </tr>
            </thead>
            <tbody>
              <tr>
                <th scope="row">Said positive</th>
                <td>{grouped(performance.all.true_positives)} right</td>
                <td>
                  <a href={props.rows(mistakeCondition(monitor.spec, 'false_positive'))}>{grouped(performance.all.false_positives)} false positives</a>
                </td>
              </tr>
              <tr>
                <th scope="row">Said negative</th>
                <td>
                  <a href={props.rows(mistakeCondition(monitor.spec, 'false_negative'))}>{grouped(performance.all.false_negatives)} false negatives</a>
                </td>
                <td>{grouped(performance.all.true_negatives)} right</td>
              </tr>
            </tbody>
          </table>
        </div>
      )}
      <form
        class="collect"
        aria-label="Collect mistakes"
        onSubmit={(event) => {
          event.preventDefault();
          void collect();
        }}
      >
        <Select
          label="Collect"
          value={kind}
          options={
            isRegression
              ? [
                  { value: 'both', label: 'answers too high or too low' },
                  { value: 'too_high', label: 'answers too high' },
                  { value: 'too_low', label: 'answers too low' },
                ]
              : [
                  { value: 'both', label: 'all mistakes' },
                  { value: 'false_positive', label: 'false positives' },
                  { value: 'false_negative', label: 'false negatives' },
                ]
          }
          onChange={setKind}
        />
        {isRegression && (
          <label class="select">
            <span>by more than</span>
            <input name="beyond" type="number" min="0" step="any" placeholder={mostly} value={beyond} onInput={(event) => setBeyond(event.currentTarget.value)} />
          </label>
        )}
        <label class="select">
          <span>into the dataset</span>
          <input name="dataset" required spellcheck={false} autocomplete="off" value={dataset} onInput={(event) => setDataset(event.currentTarget.value)} />
        </label>
        <button type="submit" class="primary" disabled={state.busy || dataset === ''}>
          Collect
        </button>
      </form>
      <p class="note-line" role="status">
        {state.error && <span class="bad-text">{state.error.message}</span>}
        {state.made && (
          <>
            <a href={datasetPath(state.made.dataset, state.made.version)}>
              {state.made.dataset}@{state.made.version}
            </a>{' '}
            holds {grouped(state.made.rows)} mistakes{state.made.unchanged ? '; it held the same before' : ''}.
          </>
        )}
      </p>
    </Section>
  );
}
