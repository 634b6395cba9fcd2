/** Live data quality: what is wrong with single rows, over the windows and in one of them, with links to the rows. */
import { getQuality, type HealthWindow, type QualityDetails } from '../api/monitors';
import { eventTime, grouped, measure, percent, plural, windowText } from '../format';
import { useRead } from '../query';
import { Spark } from './bars';
import { Empty, Section, Select, Shown } from './basics';
import { Chart } from './chart';
import { ExpectationsByWindow } from './expectations-by-window';
import { breachesOf, breachKinds, ChangeList, QualityByWindow, rowsOf } from './quality-tables';
import { Table } from './table';

const idCondition = (id: string) => `id = '${id.replace(/'/g, "''")}'`;
/** An id may be an order's or a customer's: it is shown as it is, but cut where it is long. */
const shown = (text: string) => (text.length > 40 ? `${text.slice(0, 39)}…` : text);

export function HealthQuality(props: {
  name: string;
  where: string;
  windows: readonly HealthWindow[];
  axis: { xs: number[]; names: string[]; marks: { at: number; colour: number }[] };
  window: HealthWindow;
  /** The page with another window, and with the rows of a window for which a condition holds. */
  toWindow: (start_ms: number) => string;
  pick: (start_ms: number) => void;
  rows: (condition: string, window: HealthWindow) => string;
}) {
  const { windows, window } = props;
  const measured = windows.some((each) => each.quality.rows > 0);
  if (!measured) {
    return (
      <Section title="Data quality">
        <Empty title="Not measured yet.">Rows are looked at as windows are measured.</Empty>
      </Section>
    );
  }
  const common = { xs: props.axis.xs, names: props.axis.names, marks: props.axis.marks, across: 'Window from', height: 170, sync: 'health', fromZero: true, gaps: true };
  const share = (rows: number, each: HealthWindow) => (each.quality.rows > 0 ? rows / each.quality.rows : null);
  const kinds = breachKinds.filter(({ kind }) => windows.some((each) => breachesOf(each.quality, kind) > 0));
  const newest = windows.findLast((each) => each.quality.rows > 0)!;
  return (
    <>
      <Section
        title="Data quality"
        note={`${percent(newest.quality.outlier_share, 2)} of the newest window's rows are outliers, ${plural(newest.quality.features_broken, 'feature')} ${newest.quality.features_broken === 1 ? 'is' : 'are'} not what the reference was`}
      >
        <div class="charts two">
          <figure>
            <figcaption>Outliers</figcaption>
            <Chart {...common} label="Share of outliers by window" format={(value) => percent(value, 2)} lines={[{ label: 'outliers', values: windows.map((each) => share(each.quality.outliers, each)), colour: 3 }]} />
          </figure>
          <figure>
            <figcaption>Values that the reference has not, for each row</figcaption>
            {kinds.length === 0 ? (
              <Empty title="None in any window.">No value was missing, new, out of range, of another type or stale.</Empty>
            ) : (
              <Chart
                {...common}
                label="Breaches for each row by window"
                format={(value) => percent(value, 2)}
                lines={kinds.map(({ kind, label }, i) => ({ label: label.toLowerCase(), values: windows.map((each) => share(breachesOf(each.quality, kind), each)), colour: [1, 4, 5, 2, 6][i] }))}
              />
            )}
          </figure>
        </div>
        <QualityByWindow windows={windows} to={(each) => props.toWindow(each.start_ms)} current={window.start_ms} />
      </Section>
      {windows.some((each) => each.changes.length > 0) && (
        <Section title="Changes" note="of a mean, that detectors found row by row">
          <ChangeList windows={windows} />
        </Section>
      )}
      <ExpectationsByWindow windows={windows} />
      <OneWindow {...props} />
    </>
  );
}

function OneWindow(props: Parameters<typeof HealthQuality>[0]) {
  const { windows, window, where } = props;
  const details = useRead(`quality:${props.name}:${window.start_ms}:${window.predictions}:${window.outcomes}:${where}`, (signal) => getQuality(props.name, window.start_ms, where, signal));
  return (
    <div class="columns even">
      <Section
        title="Broken features"
        tools={
          <Select
            label="Window"
            value={String(window.start_ms)}
            options={windows.map((each) => ({ value: String(each.start_ms), label: windowText(each.start_ms, each.end_ms) }))}
            onChange={(value) => props.pick(Number(value))}
          />
        }
        flush
      >
        <Shown read={details}>{(found) => (found ? <Broken {...props} details={found} /> : <Empty title="This window is not there any more." />)}</Shown>
      </Section>
      <Section title="Farthest rows" note={`from the rows of the reference, ${windowText(window.start_ms, window.end_ms)}`} flush>
        <Shown read={details}>
          {(found) =>
            !found || found.worst.length === 0 ? (
              <Empty title="No outlier in this window.">An outlier lies farther from the reference's rows than all but one in a thousand of its own.</Empty>
            ) : (
              <Table
                label="Farthest rows"
                rows={found.worst}
                rowKey={(row) => row.id}
                to={(row) => props.rows(idCondition(row.id), window)}
                height="420px"
                columns={[
                  {
                    id: 'id',
                    label: 'Prediction',
                    cell: (row) => (
                      <a href={props.rows(idCondition(row.id), window)} title={row.id}>
                        {shown(row.id)}
                      </a>
                    ),
                  },
                  { id: 'distance', label: 'Distance', number: true, cell: (row) => <span title="1 is the limit">{measure(row.distance, 3)}</span> },
                  { id: 'by', label: 'Most by', cell: (row) => row.reason },
                  { id: 'value', label: 'Value', cell: (row) => shown(row.value) },
                  { id: 'time', label: 'Happened', spare: true, grow: true, cell: (row) => eventTime(row.time_ms).slice(0, 16) },
                ]}
              />
            )
          }
        </Shown>
      </Section>
    </div>
  );
}

function Broken(props: Parameters<typeof HealthQuality>[0] & { details: QualityDetails }) {
  const { details, window, windows } = props;
  const course = (feature: string) =>
    windows.map((each) => {
      const breach = each.quality.breaches.find((one) => one.feature === feature);
      if (each.quality.rows === 0) return null;
      return breach ? rowsOf(breach) / each.quality.rows : 0;
    });
  if (details.breaches.length === 0 && details.new_columns.length === 0) {
    return <Empty title="Each feature is what it was in the reference.">No value is missing, new, out of range, of another type or stale in this window.</Empty>;
  }
  const marked = (amount: number, feature: string, kind: string) => {
    if (amount === 0) return <span class="muted">0</span>;
    const condition = details.conditions[feature]?.[kind];
    return condition ? <a href={props.rows(condition, window)}>{grouped(amount)}</a> : <b>{grouped(amount)}</b>;
  };
  const sorted = [...details.breaches].sort((a, b) => rowsOf(b) - rowsOf(a));
  return (
    <>
      <Table
        label="Broken features"
        rows={sorted}
        rowKey={(breach) => breach.feature}
        height="420px"
        columns={[
          { id: 'feature', label: 'Feature', cell: (breach) => breach.feature },
          ...breachKinds.map(({ kind, label, words }) => ({
            id: kind,
            label: <span title={words}>{label}</span>,
            number: true,
            cell: (breach: (typeof sorted)[number]) => marked(breach[kind], breach.feature, kind),
          })),
          { id: 'all', label: 'In all rows', cell: (breach) => (breach.absent ? 'absent' : breach.constant ? 'one value' : <span class="muted">–</span>) },
          {
            id: 'course',
            label: 'Course',
            cell: (breach) => <Spark values={course(breach.feature)} width={80} label={`Share of rows in which ${breach.feature} is broken, by window`} />,
          },
        ]}
      />
      {details.new_columns.length > 0 && (
        <p class="note-line">
          New columns, which the reference has not: <b>{details.new_columns.join(', ')}</b>
        </p>
      )}
    </>
  );
}
