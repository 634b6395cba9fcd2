/** Chooses one of the steps of which samples were kept; the newest until somebody chooses. */
import { count } from '../format';

export function StepSlider(props: { label: string; steps: readonly number[]; chosen: number; onChoose: (index: number) => void }) {
  const step = props.steps[props.chosen];
  return (
    <label class="step-slider">
      <input
        type="range"
        min="0"
        max={Math.max(0, props.steps.length - 1)}
        value={props.chosen}
        disabled={props.steps.length < 2}
        aria-label={`Step of ${props.label}`}
        aria-valuetext={`step ${step}`}
        onInput={(event) => props.onChoose(Number(event.currentTarget.value))}
      />
      <span class="muted">step {step === undefined ? '–' : count(step)}</span>
    </label>
  );
}
