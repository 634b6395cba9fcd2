/** Views of runs by their latest values: scatter, parallel coordinates, boxes, contours. */
import { useCallback, useMemo } from 'preact/hooks';
import { searchRunRows, type ColumnName, type RunRow } from '../api/tracking';
import { Choice, Empty, Section, Shown } from '../components/basics';
import { KeyChooser } from '../components/key-chooser';
import { Plot, type Readout } from '../components/plot';
import { parseColumn } from '../filter';
import { byInterest, measure } from '../format';
import { runPath } from '../links';
import { nouns } from '../nouns';
import { boxesBy, boxesCsv, drawBoxes, type BoxChart } from '../plot/box';
import { rampColour, runColour } from '../plot/colours';
import { contourCsv, drawContour, type Contour } from '../plot/contour';
import { fieldOf, type Field } from '../plot/field';
import { within, type Frame, type Ink } from '../plot/frame';
import { axisAt, drawParallel, isBrushed, parallelCsv, runAt, strokeRun, type Parallel, type ParallelFrame } from '../plot/parallel';
import type { Pen } from '../plot/pen';
import { extent } from '../plot/scale';
import { dotAt, drawScatter, scatterCsv, type Scatter } from '../plot/scatter';
import { useRead } from '../query';
import { navigate, place, setQuery } from '../router';
import { idFilter } from '../run-feed';
import { theme } from '../theme';
import type { ComparedUse } from './compare';
import { runName } from './run-columns';

const plotHeight_px = 420;
const axesMost = 12;

const keyOf = (column: ColumnName) => parseColumn(column).key;

/** The runs with the values that a view is about. */
function useValues(runs: readonly RunRow[], columns: readonly ColumnName[]) {
  const wanted = [...new Set(columns)];
  const ids = runs.map((run) => run.run_id);
  return useRead(
    ids.length > 0 && wanted.length > 0 ? `values:${ids.join()}:${wanted.join()}` : null,
    async (signal) => {
      const page = await searchRunRows({ experiment_ids: [...new Set(runs.map((run) => run.experiment_id))], filter: idFilter(ids), order_by: [], view: 'ALL', columns: wanted, max_results: ids.length }, signal);
      const found = new Map(page.runs.map((run) => [run.run_id, run]));
      return ids.flatMap((id) => found.get(id) ?? []);
    },
    { on: nouns.run },
  );
}

function field(runs: readonly RunRow[], column: ColumnName): Field {
  return fieldOf(keyOf(column), runs.map((run) => run.values[column]));
}

const valueText = (of: Field, value: number) => of.names?.[value] ?? measure(value, 5);

/** The columns of an earlier choice, or what one would look at first. */
function chosenColumn(name: string, usual: ColumnName | undefined): ColumnName | undefined {
  return place.value.query.get(name) || usual;
}

function usualOf(columns: readonly ColumnName[]) {
  const metrics = byInterest(columns.filter((column) => column.startsWith('metrics.') && !column.startsWith('metrics.system/')));
  const params = columns.filter((column) => column.startsWith('params.'));
  return { metrics, params };
}

function LogChoice(props: { log: boolean }) {
  return (
    <Choice
      label="Vertical axis"
      value={props.log ? 'log' : 'linear'}
      options={[
        { value: 'linear', label: 'Linear' },
        { value: 'log', label: 'Log' },
      ]}
      onChange={(value) => setQuery({ scale: value === 'log' ? 'log' : undefined }, { replace: true })}
    />
  );
}

function ColumnChoice(props: { label: string; name: string; value: ColumnName | undefined; use: ComparedUse; only?: 'metrics' | 'params' }) {
  return (
    <KeyChooser
      label={props.label}
      single
      only={props.only}
      experiment_ids={props.use.experiment_ids}
      chosen={props.value ? [props.value] : []}
      onChange={([column]) => setQuery({ [props.name]: column }, { replace: true })}
    />
  );
}

const isLog = () => place.value.query.get('scale') === 'log';

export function ScatterView(props: ComparedUse) {
  const { metrics, params } = usualOf(props.columns);
  const x = chosenColumn('xcol', params[0] ?? metrics[1] ?? metrics[0]);
  const y = chosenColumn('ycol', metrics[0]);
  const z = chosenColumn('zcol', undefined);
  const log = isLog();
  const read = useValues(props.runs, [x, y, z].filter((each) => each !== undefined));
  return (
    <Section
      title="Scatter"
      tools={
        <>
          <ColumnChoice label="Across" name="xcol" value={x} use={props} />
          <ColumnChoice label="Up" name="ycol" value={y} use={props} />
          <ColumnChoice label="Colour" name="zcol" value={z} use={props} />
          <LogChoice log={log} />
        </>
      }
    >
      {!x || !y ? <Empty title="These runs have no columns to draw." /> : <Shown read={read}>{(runs) => <ScatterPlot runs={runs} x={x} y={y} z={z} log={log} />}</Shown>}
    </Section>
  );
}

function ScatterPlot(props: { runs: readonly RunRow[]; x: ColumnName; y: ColumnName; z: ColumnName | undefined; log: boolean }) {
  const dark = theme.value === 'dark';
  const chart = useMemo<Scatter>(() => {
    const [x, y] = [field(props.runs, props.x), field(props.runs, props.y)];
    const z = props.z ? field(props.runs, props.z) : undefined;
    const [low, high] = extent(z?.values ?? []);
    const colour = (run: RunRow, i: number) => (!z ? runColour(run.run_id, dark) : rampColour(high > low ? (z.values[i]! - low) / (high - low) : 0.5));
    const dots = props.runs.map((run, i) => ({ id: run.run_id, label: runName(run), x: x.values[i]!, y: y.values[i]!, colour: colour(run, i) }));
    return { dots: dots.filter((dot) => Number.isFinite(dot.x) && Number.isFinite(dot.y)), x, y, log: props.log };
  }, [props.runs, props.x, props.y, props.z, props.log, dark]);
  const draw = useCallback((pen: Pen, width: number, height: number, ink: Ink) => drawScatter(pen, width, height, chart, ink), [chart]);
  const point = (pen: Pen, frame: Frame, px: number, py: number, ink: Ink): Readout | undefined => {
    const dot = dotAt(chart, frame, px, py);
    if (!dot) return undefined;
    pen.strokeStyle = ink.text;
    pen.lineWidth = 2;
    pen.beginPath();
    pen.arc(frame.x.to(dot.x), frame.y.to(dot.y), 7, 0, 2 * Math.PI);
    pen.stroke();
    return {
      title: dot.label,
      items: [
        { label: chart.x.label, value: valueText(chart.x, dot.x) },
        { label: chart.y.label, value: valueText(chart.y, dot.y) },
      ],
    };
  };
  const without = props.runs.length - chart.dots.length;
  return (
    <>
      <Plot
        label={`${keyOf(props.y)} by ${keyOf(props.x)}`}
        height={plotHeight_px}
        draw={draw}
        point={point}
        onPick={(frame, px, py) => {
          const dot = dotAt(chart, frame, px, py);
          if (dot) navigate(runPath(dot.id));
        }}
        csv={() => scatterCsv(chart)}
        drawn={chart.dots.length}
      />
      {without > 0 && <p class="muted">{without} runs lack one of these values.</p>}
    </>
  );
}

/** `params.depth:3:6` for each brushed axis. */
function brushesOf(text: string | null): Map<string, readonly [number, number]> {
  const brushes = new Map<string, readonly [number, number]>();
  for (const part of (text ?? '').split(',')) {
    const found = /^(.*):([^:]+):([^:]+)$/.exec(part);
    if (found) brushes.set(found[1]!, [Number(found[2]), Number(found[3])]);
  }
  return brushes;
}

function brushText(brushes: ReadonlyMap<string, readonly [number, number]>): string {
  return [...brushes.entries()].map(([label, [from, to]]) => `${label}:${Number(from.toPrecision(6))}:${Number(to.toPrecision(6))}`).join(',');
}

export function ParallelView(props: ComparedUse) {
  const { metrics, params } = usualOf(props.columns);
  const given = (place.value.query.get('axes') ?? '').split(',').filter(Boolean);
  const axes = (given.length > 0 ? given : [...params.slice(0, 6), ...metrics.slice(0, 2)]).slice(0, axesMost);
  const read = useValues(props.runs, axes);
  return (
    <Section
      title="Parallel coordinates"
      note="drag along an axis to keep a range"
      tools={
        <KeyChooser label="Axes" most={axesMost} experiment_ids={props.experiment_ids} chosen={axes} onChange={(columns) => setQuery({ axes: columns.join(','), brush: undefined }, { replace: true })} />
      }
    >
      {axes.length < 2 ? <Empty title="Choose two axes or more." /> : <Shown read={read}>{(runs) => <ParallelPlot runs={runs} axes={axes} />}</Shown>}
    </Section>
  );
}

function ParallelPlot(props: { runs: readonly RunRow[]; axes: readonly ColumnName[] }) {
  const dark = theme.value === 'dark';
  const brush = place.value.query.get('brush');
  const chart = useMemo<Parallel>(() => {
    const fields = props.axes.map((column) => field(props.runs, column));
    const last = fields[fields.length - 1]!;
    const [low, high] = extent(last.values);
    return {
      fields,
      brushes: brushesOf(brush),
      // By the value on the last axis, so that what leads to good values can be seen.
      runs: props.runs.map((run, i) => ({
        id: run.run_id,
        label: runName(run),
        colour: high > low && Number.isFinite(last.values[i]!) ? rampColour((last.values[i]! - low) / (high - low)) : runColour(run.run_id, dark),
      })),
    };
  }, [props.runs, props.axes.join(), brush, dark]);
  const draw = useCallback((pen: Pen, width: number, height: number, ink: Ink) => drawParallel(pen, width, height, chart, ink), [chart]);
  const point = (pen: Pen, frame: ParallelFrame, px: number, py: number): Readout | undefined => {
    const index = runAt(chart, frame, px, py);
    if (index === undefined) return undefined;
    strokeRun(pen, frame, chart, index, 3);
    return {
      title: chart.runs[index]!.label,
      items: chart.fields.filter((each) => Number.isFinite(each.values[index]!)).map((each) => ({ label: each.label, value: valueText(each, each.values[index]!) })),
    };
  };
  const setBrush = (label: string, range: readonly [number, number] | undefined) => {
    const next = new Map(chart.brushes);
    if (range) next.set(label, range);
    else next.delete(label);
    setQuery({ brush: brushText(next) }, { replace: true });
  };
  const inside = chart.runs.filter((_, index) => isBrushed(chart, index)).length;
  return (
    <>
      <div class="scroll-x">
        <div style={{ minWidth: `${chart.fields.length * 90}px` }}>
          <Plot
            label={`Parallel coordinates of ${chart.fields.map((each) => each.label).join(', ')}`}
            height={plotHeight_px}
            draw={draw}
            point={point}
            onDrag={(frame, [x, from], [, to]) => {
              const axis = axisAt(frame, x);
              if (axis) setBrush(axis.field.label, [axis.scale.from(Math.max(from, to)), axis.scale.from(Math.min(from, to))]);
            }}
            dragShape={(frame, [x, from], [, to]) => {
              const axis = axisAt(frame, x);
              return axis && [axis.x - 8, Math.min(from, to), 16, Math.abs(to - from)];
            }}
            onPick={(frame, x, y) => {
              const axis = axisAt(frame, x);
              const index = axis && chart.brushes.has(axis.field.label) ? undefined : runAt(chart, frame, x, y);
              if (index !== undefined) navigate(runPath(chart.runs[index]!.id));
              else if (axis) setBrush(axis.field.label, undefined);
            }}
            onReset={() => setQuery({ brush: undefined }, { replace: true })}
            zoomed={chart.brushes.size > 0}
            csv={() => parallelCsv(chart)}
            drawn={inside}
          />
        </div>
      </div>
      {chart.brushes.size > 0 && (
        <p class="muted" role="status">
          {inside} of {chart.runs.length} runs are within the ranges kept.
        </p>
      )}
    </>
  );
}

export function BoxView(props: ComparedUse) {
  const { metrics, params } = usualOf(props.columns);
  const y = chosenColumn('ycol', metrics[0]);
  const by = chosenColumn('by', params[0]);
  const log = isLog();
  const read = useValues(props.runs, [y, by].filter((each) => each !== undefined));
  return (
    <Section
      title="Box plot"
      tools={
        <>
          <ColumnChoice label="Values" name="ycol" value={y} use={props} />
          <ColumnChoice label="By" name="by" value={by} use={props} />
          <LogChoice log={log} />
        </>
      }
    >
      {!y ? <Empty title="These runs have no metrics." /> : <Shown read={read}>{(runs) => <BoxPlot runs={runs} y={y} by={by} log={log} />}</Shown>}
    </Section>
  );
}

function BoxPlot(props: { runs: readonly RunRow[]; y: ColumnName; by: ColumnName | undefined; log: boolean }) {
  const chart = useMemo<BoxChart>(() => {
    const values = field(props.runs, props.y);
    return { boxes: boxesBy(values.names ? [] : values.values, props.by ? field(props.runs, props.by) : undefined), xLabel: props.by && keyOf(props.by), yLabel: keyOf(props.y), log: props.log };
  }, [props.runs, props.y, props.by, props.log]);
  const draw = useCallback((pen: Pen, width: number, height: number, ink: Ink) => drawBoxes(pen, width, height, chart, ink), [chart]);
  const point = (_: Pen, frame: Frame, x: number, y: number): Readout | undefined => {
    const box = within(frame, x, y) ? chart.boxes[Math.round(frame.x.from(x))] : undefined;
    if (!box) return undefined;
    const items = [['runs', box.count], ['greatest', box.greatest], ['upper quarter', box.upper], ['median', box.median], ['mean', box.mean], ['lower quarter', box.lower], ['least', box.least]] as const; // prettier-ignore
    return { title: `${props.by ? `${keyOf(props.by)} ` : ''}${box.name}`, items: items.map(([label, value]) => ({ label, value: measure(value, 5) })) };
  };
  if (chart.boxes.length === 0) return <p class="muted">{keyOf(props.y)} is no number in these runs.</p>;
  return <Plot label={`${chart.yLabel}${chart.xLabel ? ` by ${chart.xLabel}` : ''}`} height={plotHeight_px} draw={draw} point={point} csv={() => boxesCsv(chart)} drawn={chart.boxes.length} />;
}

export function ContourView(props: ComparedUse) {
  const { metrics, params } = usualOf(props.columns);
  const x = chosenColumn('xcol', params[0] ?? metrics[1]);
  const y = chosenColumn('ycol', params[1] ?? metrics[2]);
  const z = chosenColumn('zcol', metrics[0]);
  const read = useValues(props.runs, [x, y, z].filter((each) => each !== undefined));
  return (
    <Section
      title="Contour"
      tools={
        <>
          <ColumnChoice label="Across" name="xcol" value={x} use={props} />
          <ColumnChoice label="Up" name="ycol" value={y} use={props} />
          <ColumnChoice label="Height" name="zcol" value={z} use={props} />
        </>
      }
    >
      {!x || !y || !z ? <Empty title="A contour needs three columns." /> : <Shown read={read}>{(runs) => <ContourPlot runs={runs} x={x} y={y} z={z} />}</Shown>}
    </Section>
  );
}

function ContourPlot(props: { runs: readonly RunRow[]; x: ColumnName; y: ColumnName; z: ColumnName }) {
  const chart = useMemo<Contour>(() => {
    const [x, y, z] = [props.x, props.y, props.z].map((column) => field(props.runs, column)) as [Field, Field, Field];
    const points = props.runs.map((run, i) => ({ id: run.run_id, label: runName(run), x: x.values[i]!, y: y.values[i]!, z: z.values[i]! }));
    return { points: points.filter((each) => [each.x, each.y, each.z].every(Number.isFinite)), x, y, zLabel: z.label };
  }, [props.runs, props.x, props.y, props.z]);
  const draw = useCallback((pen: Pen, width: number, height: number, ink: Ink) => drawContour(pen, width, height, chart, ink), [chart]);
  const point = (_: Pen, frame: Frame, px: number, py: number): Readout | undefined => {
    const near = chart.points
      .map((each) => ({ each, away: Math.hypot(frame.x.to(each.x) - px, frame.y.to(each.y) - py) }))
      .sort((a, b) => a.away - b.away)[0];
    if (!near || near.away > 16) return undefined;
    const { each } = near;
    return {
      title: each.label,
      items: [
        { label: chart.x.label, value: valueText(chart.x, each.x) },
        { label: chart.y.label, value: valueText(chart.y, each.y) },
        { label: chart.zLabel, value: measure(each.z, 5) },
      ],
    };
  };
  if (chart.points.length < 3) return <p class="muted">A contour needs three runs that have all of these values.</p>;
  const [low, high] = extent(chart.points.map((each) => each.z));
  return (
    <>
      <Plot
        label={`${chart.zLabel} over ${chart.x.label} and ${chart.y.label}`}
        height={plotHeight_px}
        draw={draw}
        point={point}
        csv={() => contourCsv(chart)}
        drawn={chart.points.length}
      />
      <p class="ramp">
        <span>{measure(low, 4)}</span>
        <i aria-hidden="true" style={{ background: `linear-gradient(90deg, ${[0, 0.25, 0.5, 0.75, 1].map(rampColour).join(', ')})` }} />
        <span>
          {measure(high, 4)} {chart.zLabel}
        </span>
      </p>
    </>
  );
}
