/** A file as a person wants to see it: picture, sound, table, drawn curve, page, graph, indented JSON, text. */
import { useState } from 'preact/hooks';
import { readHead, readRows, type FileHead, type FileOwner } from '../api/files';
import { bytes, grouped, inline, measure } from '../format';
import { cellImage, tableOf, type DataTable } from '../logged-files';
import { useRead } from '../query';
import { areaUnder, importanceBars } from '../series';
import { RankedBars } from './bars';
import { Choice, Empty, Shown } from './basics';
import { Chart } from './chart';
import { Markdown } from './markdown';
import { OnnxView } from './onnx-view';
import { Table } from './table';

/** What is read of a text; the rest is only said to be there. */
const headMax_bytes = 2_000_000;
/** Pictures and pages above this are only offered for download: they would take the browser down. */
const wholeMax_bytes = 50_000_000;
/** More than this is a table to work with and not one to read. */
const columnsMost = 200;

const images = /\.(png|jpe?g|gif|webp|svg|bmp|avif)$/i;
const sounds = /\.(wav|mp3|ogg|oga|flac|m4a)$/i;
const films = /\.(mp4|webm|ogv)$/i;
const pages = /\.html?$/i;
const columnFiles = /\.parquet$/i;
const graphs = /\.onnx$/i;
const texts =
  /(\.(txt|log|err|md|markdown|rst|csv|tsv|ya?ml|toml|ini|cfg|conf|properties|env|py|r|rmd|js|ts|java|c|cc|cpp|h|rs|go|sh|sql|json|jsonl|ndjson|xml|geojson|ipynb|lock|proto|diff|patch|tex)|(^|\/)(MLmodel|MLproject|requirements|Dockerfile|Makefile|LICENSE|README))$/i;

export interface FileProps {
  owner: FileOwner;
  path: string;
  size?: number;
}

export function FileView(props: FileProps) {
  const { owner, path, size } = props;
  const isWhole = [images, sounds, films, pages].some((kind) => kind.test(path));
  if (size === 0) return <Empty title="The file is empty." />;
  if (isWhole && !sounds.test(path) && !films.test(path) && (size ?? 0) > wholeMax_bytes) return <Empty title="Too large to show here.">{bytes(size)}</Empty>;
  if (images.test(path)) return <ImageView {...props} />;
  if (sounds.test(path)) return <audio controls preload="metadata" src={owner.url(path)} aria-label={path} />;
  if (films.test(path)) return <video class="artifact-image" controls preload="metadata" src={owner.url(path)} aria-label={path} />;
  // The frame has no origin: what is in the page can reach neither this one nor the server as its reader.
  if (pages.test(path)) return <iframe class="artifact-page" title={path} sandbox="allow-scripts" src={owner.view('page', path)} />;
  if (columnFiles.test(path)) return <RowsView {...props} />;
  if (graphs.test(path)) return <OnnxView owner={owner} path={path} />;
  if (!texts.test(path)) return <Empty title="No preview for this kind of file.">{bytes(size)}, to be downloaded.</Empty>;
  return <TextView {...props} />;
}

/** An image element runs no script, whatever an SVG holds. */
function ImageView(props: FileProps) {
  const [failed, setFailed] = useState(false);
  if (failed) return <Empty title="This is no picture that a browser can show." />;
  return <img class="artifact-image" src={props.owner.url(props.path)} alt={props.path} onError={() => setFailed(true)} />;
}

function RowsView(props: FileProps) {
  const table = useRead(`rows:${props.owner.key}:${props.path}`, (signal) => readRows(props.owner, props.path, signal));
  return <Shown read={table}>{(data) => <ArtifactTable owner={props.owner} path={props.path} table={data} />}</Shown>;
}

function TextView(props: FileProps) {
  const { owner, path } = props;
  const head = useRead(`head:${owner.key}:${path}`, (signal) => readHead(owner, path, headMax_bytes, signal));
  return (
    <Shown read={head}>
      {(file) => (
        <>
          {file.cut && (
            <p class="note cut-note" role="note">
              The first {bytes(file.text.length)} of {bytes(file.bytes)}; download it to see the rest.
            </p>
          )}
          <Text owner={owner} path={path} file={file} />
        </>
      )}
    </Shown>
  );
}

function Text(props: { owner: FileOwner; path: string; file: FileHead }) {
  const { path } = props;
  const { text, cut } = props.file;
  const table = tableOf(path, text);
  if (table) return <ArtifactTable owner={props.owner} path={path} table={cut ? { ...table, cut } : table} />;
  if (/\.(md|markdown)$/i.test(path)) return <MarkdownView text={text} />;
  if (!/\.(json|geojson|ipynb)$/i.test(path) || cut) return <pre class="text">{text}</pre>;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return (
      <>
        <p class="note cut-note">This is not valid JSON and is shown as it is.</p>
        <pre class="text">{text}</pre>
      </>
    );
  }
  if (isRoc(value)) return <RocPlot value={value} />;
  if (path.endsWith('feature_importance.json')) return <ImportancePlot value={value} />;
  return <pre class="text">{JSON.stringify(value, null, 2)}</pre>;
}

function MarkdownView(props: { text: string }) {
  const [shown, setShown] = useState<'page' | 'source'>('page');
  return (
    <>
      <Choice
        label="How to show it"
        value={shown}
        options={[
          { value: 'page', label: 'Page' },
          { value: 'source', label: 'Source' },
        ]}
        onChange={setShown}
      />
      {shown === 'page' ? <Markdown text={props.text} /> : <pre class="text">{props.text}</pre>}
    </>
  );
}

export function ArtifactTable(props: { owner: FileOwner; path: string; table: DataTable }) {
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
        columns={columns.map((name, i) => ({ id: String(i), label: name, number: numeric[i], cell: (row: { cells: readonly unknown[] }) => <Cell owner={props.owner} value={row.cells[i]} /> }))}
      />
      <p class="more">
        {table.cut ? `The first ${grouped(table.rows.length)} rows` : `${grouped(table.rows.length)} rows`}, {grouped(table.columns.length)} columns
        {table.columns.length > columnsMost ? `, the first ${columnsMost} are shown` : ''}
      </p>
    </>
  );
}

function Cell(props: { owner: FileOwner; value: unknown }) {
  const image = cellImage(props.value);
  if (image) return <img class="cell-image" src={props.owner.url(image)} alt={image} loading="lazy" />;
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
