/** A file of a run as a person wants to see it: picture, table, drawn curve, page, indented JSON, text. */
import { artifactUrl, readArtifactText } from '../api/mlflow';
import { artifactPageUrl, readArtifactTable } from '../api/artifacts';
import { bytes, grouped, inline, measure } from '../format';
import { cellImage, tableOf, type DataTable } from '../logged-files';
import { useRead } from '../query';
import { areaUnder, importanceBars } from '../series';
import { RankedBars } from './bars';
import { Empty, Shown } from './basics';
import { Chart } from './chart';
import { Table } from './table';

/** Larger files are only offered for download. */
const previewMax_bytes = 5_000_000;
/** More than this is a table to work with and not one to read. */
const columnsMost = 200;

const images = /\.(png|jpe?g|gif|webp|svg|bmp|avif)$/i;
const pages = /\.html?$/i;
const columnFiles = /\.parquet$/i;
const texts =
  /(\.(txt|log|md|markdown|csv|tsv|ya?ml|toml|ini|cfg|conf|env|py|r|js|ts|sh|sql|json|jsonl|ndjson|xml|geojson|ipynb|lock|proto|diff|patch)|(^|\/)(MLmodel|MLproject|requirements|Dockerfile|LICENSE|README))$/i;

export function Artifact(props: { run_id: string; path: string; size?: number }) {
  if (images.test(props.path)) return <img class="artifact-image" src={artifactUrl(props.run_id, props.path)} alt={props.path} />;
  if (pages.test(props.path)) return <HtmlArtifact {...props} />;
  if (columnFiles.test(props.path)) return <ParquetArtifact {...props} />;
  if (!texts.test(props.path)) return <Empty title="No preview for this kind of file.">{bytes(props.size)}</Empty>;
  if ((props.size ?? 0) > previewMax_bytes) return <Empty title="Too large to show here.">{bytes(props.size)}</Empty>;
  return <TextArtifact run_id={props.run_id} path={props.path} />;
}

/** The frame has no origin: what is in the page can reach neither this one nor the server as its reader. */
function HtmlArtifact(props: { run_id: string; path: string }) {
  return <iframe class="artifact-page" title={props.path} sandbox="allow-scripts" src={artifactPageUrl(props.run_id, props.path)} />;
}

function ParquetArtifact(props: { run_id: string; path: string }) {
  const table = useRead(`artifact-table:${props.run_id}:${props.path}`, (signal) => readArtifactTable(props.run_id, props.path, signal));
  return <Shown read={table}>{(data) => <ArtifactTable run_id={props.run_id} path={props.path} table={data} />}</Shown>;
}

function TextArtifact(props: { run_id: string; path: string }) {
  const text = useRead(`artifact:${props.run_id}:${props.path}`, (signal) => readArtifactText(props.run_id, props.path, signal));
  return (
    <Shown read={text}>
      {(content) => {
        const table = tableOf(props.path, content);
        if (table) return <ArtifactTable run_id={props.run_id} path={props.path} table={table} />;
        if (!/\.(json|geojson|ipynb)$/.test(props.path)) return <pre class="text">{content}</pre>;
        let value: unknown;
        try {
          value = JSON.parse(content);
        } catch {
          return <pre class="text">{content}</pre>;
        }
        if (isRoc(value)) return <RocPlot value={value} />;
        if (props.path.endsWith('feature_importance.json')) return <ImportancePlot value={value} />;
        return <pre class="text">{JSON.stringify(value, null, 2)}</pre>;
      }}
    </Shown>
  );
}

export function ArtifactTable(props: { run_id: string; path: string; table: DataTable }) {
  const { table } = props;
  const columns = table.columns.slice(0, columnsMost);
  const numeric = columns.map((_, i) => table.rows.slice(0, 50).every((row) => row[i] === null || row[i] === '' || Number.isFinite(Number(row[i]))));
  const rows: { cells: readonly unknown[]; index: number }[] = table.rows.map((cells, index) => ({ cells, index }));
  return (
    <>
      <Table
        label={props.path}
        rows={rows}
        rowKey={(row) => row.index}
        height="560px"
        columns={columns.map((name, i) => ({ id: String(i), label: name, number: numeric[i], cell: (row: { cells: readonly unknown[] }) => <Cell run_id={props.run_id} value={row.cells[i]} /> }))}
      />
      <p class="more">
        {grouped(table.rows.length)} rows{table.cut ? ' of more' : ''}, {grouped(table.columns.length)} columns
        {table.columns.length > columnsMost ? `, the first ${columnsMost} are shown` : ''}
      </p>
    </>
  );
}

function Cell(props: { run_id: string; value: unknown }) {
  const image = cellImage(props.value);
  if (image) return <img class="cell-image" src={artifactUrl(props.run_id, image)} alt={image} loading="lazy" />;
  const text = typeof props.value === 'string' ? props.value : inline(props.value);
  return (
    <span class="clip" title={text.length > 24 ? text : undefined}>
      {text}
    </span>
  );
}

interface Roc {
  fpr: number[];
  tpr: number[];
}

function isRoc(value: unknown): value is Roc {
  const roc = value as Roc | null;
  return Array.isArray(roc?.fpr) && Array.isArray(roc?.tpr);
}

export function RocPlot(props: { value: unknown }) {
  if (!isRoc(props.value)) return <p class="muted">Not a ROC curve.</p>;
  const { fpr, tpr } = props.value;
  return (
    <>
      <Chart
        label="ROC curve: true positive rate by false positive rate"
        xs={fpr}
        lines={[
          { label: 'true positive rate', values: tpr, fill: true },
          { label: 'chance', values: fpr, dashed: true, colour: 7 },
        ]}
        across="false positive rate"
        height={240}
        fromZero
        bare
      />
      <p class="muted">
        Area under the curve <b class="figures">{measure(areaUnder(fpr, tpr))}</b> · across: false positive rate, up: true positive rate
      </p>
    </>
  );
}

export function ImportancePlot(props: { value: unknown }) {
  return <RankedBars items={importanceBars((props.value ?? {}) as Record<string, unknown>).slice(0, 30)} />;
}
