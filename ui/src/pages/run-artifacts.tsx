/** What a run left behind: images by step, what is drawn of well-known files, and all of its files. */
import { readHead, runFiles, type FileOwner } from '../api/files';
import type { Run } from '../api/mlflow';
import { Section, Shown, Skeleton } from '../components/basics';
import { FileBrowser } from '../components/file-browser';
import { ImportancePlot, RocPlot } from '../components/file-view';
import { imagesByKey, type LoggedImage } from '../logged-files';
import { nouns } from '../nouns';
import { useRead } from '../query';
import { place, setQuery } from '../router';

/** Larger files are no curve that somebody drew. */
const drawnMax_bytes = 5_000_000;

export function ArtifactsTab(props: { run: Run }) {
  const owner = runFiles(props.run.info.run_id);
  const top = useRead(`files:${owner.key}:`, (signal) => owner.list('', undefined, signal), { on: nouns.run });
  const has = (name: string) => (top.data?.files ?? []).some((file) => file.path === name);
  return (
    <>
      {has('images') && <ImagesByStep owner={owner} />}
      {(has('roc.json') || has('feature_importance.json')) && (
        <div class="columns even">
          {has('roc.json') && (
            <Section title="ROC curve">
              <Json owner={owner} path="roc.json">{(value) => <RocPlot value={value} />}</Json>
            </Section>
          )}
          {has('feature_importance.json') && (
            <Section title="Feature importance" note="gain">
              <Json owner={owner} path="feature_importance.json">{(value) => <ImportancePlot value={value} />}</Json>
            </Section>
          )}
        </div>
      )}
      <FileBrowser owner={owner} nothing="This run left no files." />
    </>
  );
}

function Json(props: { owner: FileOwner; path: string; children: (value: unknown) => preact.ComponentChildren }) {
  const head = useRead(`drawn:${props.owner.key}:${props.path}`, (signal) => readHead(props.owner, props.path, drawnMax_bytes, signal));
  if (head.loading) return <Skeleton rows={4} />;
  return (
    <Shown read={head}>
      {(file) => {
        try {
          return props.children(JSON.parse(file.text));
        } catch {
          return <p class="muted">{props.path} is not JSON.</p>;
        }
      }}
    </Shown>
  );
}

/** Pictures that were logged with a key and steps: one at a time, with a slider through the steps. */
function ImagesByStep(props: { owner: FileOwner }) {
  const files = useRead(`files:${props.owner.key}:images`, (signal) => props.owner.list('images', undefined, signal), { on: nouns.run });
  const keys = imagesByKey(files.data?.files ?? []);
  if (keys.size === 0) return null;
  return (
    <Section title="Images by step">
      <div class="image-steps">
        {[...keys.entries()].map(([key, images]) => (
          <ImageSteps key={key} owner={props.owner} name={key} images={images} />
        ))}
      </div>
    </Section>
  );
}

/** `name:step` for each key whose step was chosen; the last step otherwise. */
function chosenSteps(): Map<string, number> {
  const pairs = (place.value.query.get('steps') ?? '').split(',').map((part) => /^(.*):(-?\d+)$/.exec(part));
  return new Map(pairs.flatMap((pair) => (pair ? [[pair[1]!, Number(pair[2])] as const] : [])));
}

function ImageSteps(props: { owner: FileOwner; name: string; images: readonly LoggedImage[] }) {
  const { images, name } = props;
  const steps = chosenSteps();
  const found = images.findIndex((image) => image.step === steps.get(name));
  const index = found < 0 ? images.length - 1 : found;
  const image = images[index]!;
  const choose = (at: number) => {
    steps.set(name, images[at]!.step);
    setQuery({ steps: [...steps.entries()].map(([key, step]) => `${key}:${step}`).join(',') }, { replace: true });
  };
  return (
    <figure>
      <figcaption>
        {name} <span class="muted">step {image.step}</span>
      </figcaption>
      <img class="artifact-image" src={props.owner.url(image.path)} alt={`${name} at step ${image.step}`} loading="lazy" />
      {images.length > 1 && (
        <input
          type="range"
          min="0"
          max={images.length - 1}
          value={index}
          aria-label={`Step of ${name}`}
          aria-valuetext={`step ${image.step}`}
          onInput={(event) => choose(Number(event.currentTarget.value))}
        />
      )}
    </figure>
  );
}
