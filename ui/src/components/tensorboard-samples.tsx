/** One tag of a run's summaries: images by step, histograms behind one another, texts by step. */
import { useState } from 'preact/hooks';
import { listSamples, sampleImageUrl, type HistogramSample, type ImageSample, type SampleKind, type SummaryTag, type TextSample } from '../api/tensorboard';
import { count, measure } from '../format';
import { ridgesOf, spread } from '../histogram-bins';
import { useRead } from '../query';
import { Shown } from './basics';
import { StepSlider } from './step-slider';

export interface TagProps {
  run_id: string;
  tag: SummaryTag;
  pollMs?: number;
}

function useSamples<K extends SampleKind>(kind: K, props: TagProps) {
  return useRead(`samples:${props.run_id}:${kind}:${props.tag.tag}`, (signal) => listSamples(props.run_id, kind, props.tag.tag, signal), { pollMs: props.pollMs });
}

/** The sample that is looked at: the newest, until another one was chosen. */
function useChosen<T extends { step: number }>(samples: readonly T[]): [number, (index: number) => void] {
  const [step, setStep] = useState<number>();
  const found = step === undefined ? -1 : samples.findIndex((sample) => sample.step === step);
  const last = samples.length - 1;
  return [found < 0 ? last : found, (index) => setStep(index === last ? undefined : samples[index]?.step)];
}

function Caption(props: { tag: SummaryTag }) {
  return (
    <figcaption>
      {props.tag.tag}{' '}
      <span class="muted">
        {props.tag.kept < props.tag.seen ? `${count(props.tag.kept)} of ${count(props.tag.seen)} steps kept` : `${count(props.tag.kept)} steps`}
      </span>
    </figcaption>
  );
}

export function ImageTag(props: TagProps) {
  return (
    <figure class="sample">
      <Caption tag={props.tag} />
      <Shown read={useSamples('image', props)} rows={3}>
        {(samples) => <Images {...props} samples={samples} />}
      </Shown>
    </figure>
  );
}

function Images(props: TagProps & { samples: readonly ImageSample[] }) {
  const [chosen, choose] = useChosen(props.samples);
  const sample = props.samples[chosen];
  if (!sample) return <p class="muted">No image was kept.</p>;
  return (
    <>
      <div class="sample-images">
        {sample.images.map((image, index) => (
          <img
            key={index}
            src={sampleImageUrl(props.run_id, props.tag.tag, sample, index)}
            width={image.width || undefined}
            height={image.height || undefined}
            alt={`${props.tag.tag}, step ${sample.step}`}
          />
        ))}
        {sample.images.length === 0 && <p class="muted">This step has no image that can be shown.</p>}
      </div>
      <StepSlider label={props.tag.tag} steps={props.samples.map((each) => each.step)} chosen={chosen} onChoose={choose} />
    </>
  );
}

/** As many as can be told apart in a picture of this height. */
const ridgesMax = 28;
const binsPerRidge = 60;

export function HistogramTag(props: TagProps) {
  return (
    <figure class="sample">
      <Caption tag={props.tag} />
      <Shown read={useSamples('histogram', props)} rows={5}>
        {(samples) => <Ridgeline tag={props.tag.tag} samples={samples} />}
      </Shown>
    </figure>
  );
}

function Ridgeline(props: { tag: string; samples: readonly HistogramSample[] }) {
  const shown = spread(props.samples, ridgesMax);
  const [chosen, choose] = useChosen(shown);
  const { low, high, ridges } = ridgesOf(shown, binsPerRidge);
  const ridge = ridges[chosen];
  if (!ridge) return <p class="muted">No histogram with values was kept.</p>;
  const wide = 320;
  const rise = 60;
  const tall = 190;
  const gap = ridges.length < 2 ? 0 : (tall - rise) / (ridges.length - 1);
  const top = Math.max(...ridges.flatMap((each) => each.bins), 1e-12);
  const path = (bins: readonly number[], base: number) => {
    const x = (i: number) => ((i + 0.5) / bins.length) * wide;
    const points = bins.map((amount, i) => `${x(i).toFixed(1)} ${(base - (amount / top) * (rise - 4)).toFixed(1)}`);
    return `M0 ${base}L${points.join('L')}L${wide} ${base}`;
  };
  return (
    <>
      <svg class="ridgeline" viewBox={`0 0 ${wide} ${tall + 18}`} role="img" aria-label={`Histograms of ${props.tag} over ${ridges.length} steps`}>
        {ridges.map((each, i) => (
          <path key={each.step} class={i === chosen ? 'ridge chosen' : 'ridge'} d={path(each.bins, rise + i * gap)} onClick={() => choose(i)}>
            <title>{`step ${count(each.step)}: ${count(Math.round(each.total))} values`}</title>
          </path>
        ))}
        <text x="0" y={tall + 14}>
          {measure(low, 3)}
        </text>
        <text x={wide} y={tall + 14} text-anchor="end">
          {measure(high, 3)}
        </text>
      </svg>
      <StepSlider label={props.tag} steps={ridges.map((each) => each.step)} chosen={chosen} onChoose={choose} />
    </>
  );
}

export function TextTag(props: TagProps) {
  return (
    <figure class="sample">
      <Caption tag={props.tag} />
      <Shown read={useSamples('text', props)} rows={3}>
        {(samples) => <Texts tag={props.tag.tag} samples={samples} />}
      </Shown>
    </figure>
  );
}

/** Texts are shown as they were written: Markdown stays text. */
function Texts(props: { tag: string; samples: readonly TextSample[] }) {
  const [chosen, choose] = useChosen(props.samples);
  const sample = props.samples[chosen];
  if (!sample) return <p class="muted">No text was kept.</p>;
  return (
    <>
      <pre class="text">{sample.lines.join('\n') + (sample.cut ? '\n… (cut)' : '')}</pre>
      <StepSlider label={props.tag} steps={props.samples.map((each) => each.step)} chosen={chosen} onChoose={choose} />
    </>
  );
}
