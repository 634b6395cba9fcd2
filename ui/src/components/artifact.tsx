/** A file of a run as a person wants to see it: picture, drawn curve, indented JSON, text. */
import { artifactUrl, readArtifactText } from '../api/mlflow';
import { bytes, measure } from '../format';
import { useRead } from '../query';
import { areaUnder, importanceBars } from '../series';
import { Empty, Shown } from './basics';
import { RankedBars } from './bars';
import { Chart } from './chart';

/** Larger files are only offered for download. */
const previewMax_bytes = 1_000_000;

const images = /\.(png|jpe?g|gif|webp|svg)$/i;
const texts = /(\.(txt|log|md|csv|tsv|ya?ml|toml|ini|cfg|py|sql|json|jsonl|xml|html|sh|MLmodel)|(^|\/)(MLmodel|MLproject|requirements))$/i;

export function Artifact(props: { run_id: string; path: string; size?: number }) {
  if (images.test(props.path)) return <img class="artifact-image" src={artifactUrl(props.run_id, props.path)} alt={props.path} />;
  if (!texts.test(props.path)) return <Empty title="No preview for this kind of file.">{bytes(props.size)}</Empty>;
  if ((props.size ?? 0) > previewMax_bytes) return <Empty title="Too large to show here.">{bytes(props.size)}</Empty>;
  return <TextArtifact run_id={props.run_id} path={props.path} />;
}

function TextArtifact(props: { run_id: string; path: string }) {
  const text = useRead(`artifact:${props.run_id}:${props.path}`, (signal) => readArtifactText(props.run_id, props.path, signal));
  return (
    <Shown read={text}>
      {(content) => {
        if (!props.path.endsWith('.json')) return <pre class="text">{content}</pre>;
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
