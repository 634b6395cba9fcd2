/** The loop of one model: where it is, what was seen, every decision, and what a person may say. */
import { useState } from 'preact/hooks';
import { actOnLoop, getLoop, listDecisions, type Loop, type LoopAct, type LoopDecision, type LoopFigures } from '../api/loops';
import { Badge, Command, Empty, Facts, Page, Section, Shown, When } from '../components/basics';
import { TextDialog } from '../components/dialog';
import { Table } from '../components/table';
import { grouped, measure, percent } from '../format';
import { endpointPath, modelPath, pipelinePath, pipelineRunPath, subjectPath } from '../links';
import { nouns } from '../nouns';
import { useRead } from '../query';
import { endingState, LoopBadge } from './loops';

const pollMs = 2_000;

const acts: Record<LoopAct, { label: string; title: string; primary?: boolean }> = {
  approve: { label: 'Approve', title: 'Consent to what waits', primary: true },
  override: { label: 'Override', title: 'Let the candidate pass what holds it' },
  rollback: { label: 'Roll back', title: 'Take the candidate off the endpoint' },
  trigger: { label: 'Retrain', title: 'Begin an attempt now' },
  pause: { label: 'Pause', title: 'Let the loop decide nothing' },
  resume: { label: 'Resume', title: 'Let the loop go on', primary: true },
};

const stages = ['triggered', 'retraining', 'gating', 'shadow', 'canary', 'promoting', 'cooldown'] as const;

export function LoopPage(props: { model: string }) {
  const loop = useRead(`loop:${props.model}`, (signal) => getLoop(props.model, signal), { on: nouns.loop, pollMs });
  const decisions = useRead(`decisions:${props.model}`, (signal) => listDecisions(props.model, signal), { on: nouns.loop, pollMs });
  const [asked, setAsked] = useState<LoopAct | undefined>();
  const data = loop.data;
  const changed = () => {
    loop.reload();
    decisions.reload();
  };
  return (
    <Page
      title={props.model}
      trail={[{ label: 'Loops', to: '/loops' }]}
      badge={data && <LoopBadge loop={data} />}
      sub={data && <>started by {data.triggers}, or by hand</>}
      actions={
        data &&
        (Object.keys(acts) as LoopAct[])
          .filter((act) => data.acts.includes(act))
          .map((act) => (
            <button key={act} type="button" class={acts[act].primary ? 'primary' : ''} title={acts[act].title} onClick={() => setAsked(act)}>
              {acts[act].label}
            </button>
          ))
      }
    >
      <Shown read={loop} rows={6}>
        {(found) => <State loop={found} />}
      </Shown>
      <Section title="Decisions" note="newest first" flush>
        <Shown read={decisions} rows={8}>
          {(list) => (list.length === 0 ? <Empty title="Nothing was decided yet." /> : <Timeline decisions={list} />)}
        </Shown>
      </Section>
      {data?.yaml && (
        <Section title="Policy" note={`version ${data.version}`}>
          <pre class="loop-policy">{data.yaml}</pre>
        </Section>
      )}
      {asked && (
        <TextDialog
          title={`${acts[asked].title}?`}
          label="Why"
          value=""
          action={acts[asked].label}
          close={() => setAsked(undefined)}
          act={(reason) => actOnLoop(props.model, asked, reason).then(changed)}
        />
      )}
    </Page>
  );
}

function State(props: { loop: Loop }) {
  const { loop } = props;
  const cause = loop.cause;
  const causePath = cause?.event && subjectPath(cause.event.subject);
  const at = stages.indexOf(loop.phase as (typeof stages)[number]);
  return (
    <>
      <ol class="loop-stages" aria-label="Where the attempt is">
        {stages.map((stage, index) => (
          <li key={stage} class={index < at ? 'past' : index === at ? 'now' : ''} aria-current={index === at ? 'step' : undefined}>
            {stage}
          </li>
        ))}
      </ol>
      <Facts
        items={[
          ['Since', <When ms={loop.since_ms} both />],
          ['Endpoint', <a href={endpointPath(loop.endpoint)}>{loop.endpoint}</a>],
          ['Candidate', loop.candidate && <a href={modelPath(loop.model, loop.candidate)}>v{loop.candidate}</a>],
          ['Compared with', loop.champion && <a href={modelPath(loop.model, loop.champion)}>v{loop.champion}</a>],
          ['Begun by', cause && (causePath ? <a href={causePath}>{cause.trigger}</a> : `${cause.trigger}${cause.reason ? `: ${cause.reason}` : ''}`)],
          ['Retraining', loop.pipeline_run ? <a href={pipelineRunPath(loop.pipeline_run)}>{loop.pipeline_run}</a> : <a href={pipelinePath(loop.pipeline)}>{loop.pipeline}</a>],
          ['Held by', loop.hold && `${loop.hold}${loop.latched ? ', until a person or another version comes' : ''}`],
          ['Paused', loop.paused ? loop.pause_reason : undefined],
          ['Waiting', loop.waiting && loop.waiting.trigger],
          ['Ready again', loop.ready_ms !== undefined && <When ms={loop.ready_ms} both />],
          ['Last attempt', loop.ending && <><Badge state={endingState(loop.ending)} label={loop.ending.replace(/_/g, ' ')} /> {loop.ending_reason}</>],
          ...loop.due.map((due) => [due.trigger, <When ms={due.time_ms} both />] as const),
        ]}
      />
      {loop.seen?.candidate && (
        <Section title="Seen so far" note={loop.seen.reason}>
          <Figures seen={loop.seen} />
        </Section>
      )}
    </>
  );
}

/** Of a difference that is a share of the live version's figure, percent. */
function amount(row: { relative?: boolean }, value: number) {
  return row.relative ? percent(value, 1) : measure(value);
}

/** Both versions beside one another, and how sure one is of the differences. */
function Figures(props: { seen: LoopFigures }) {
  const { candidate, live, differences } = props.seen;
  if (!candidate || !live) return null;
  const rows = [
    { name: 'requests', candidate: grouped(candidate.requests), live: grouped(live.requests) },
    { name: 'failed', candidate: percent(candidate.errors / Math.max(1, candidate.requests), 2), live: percent(live.errors / Math.max(1, live.requests), 2) },
    { name: 'no number', candidate: grouped(candidate.not_numbers), live: grouped(live.not_numbers) },
    { name: 'outcomes', candidate: grouped(candidate.loss?.n ?? 0), live: grouped(live.loss?.n ?? 0) },
    ...(candidate.loss && live.loss ? [{ name: 'loss', candidate: measure(candidate.loss.mean), live: measure(live.loss.mean) }] : []),
  ];
  return (
    <div class="loop-figures">
      <Table
        label="Both versions"
        rows={rows}
        rowKey={(row) => row.name}
        columns={[
          { id: 'name', label: '', cell: (row) => row.name },
          { id: 'candidate', label: 'Candidate', number: true, cell: (row) => row.candidate },
          { id: 'live', label: 'Live', number: true, cell: (row) => row.live },
        ]}
      />
      {differences && differences.length > 0 && (
        <Table
          label="Differences"
          rows={differences}
          rowKey={(row) => row.figure}
          columns={[
            { id: 'figure', label: 'Difference of', cell: (row) => row.figure },
            { id: 'difference', label: 'Is', number: true, cell: (row) => (row.difference === undefined ? '–' : amount(row, row.difference)) },
            { id: 'bounds', label: 'Between', number: true, cell: (row) => (row.low === undefined || row.high === undefined ? '–' : `${amount(row, row.low)} and ${amount(row, row.high)}`) },
            { id: 'tolerance', label: 'Tolerated', number: true, cell: (row) => amount(row, row.tolerance) },
          ]}
        />
      )}
    </div>
  );
}

const tones: Record<string, string> = {
  promote: 'succeeded',
  end: 'closed',
  ready: 'closed',
  hold: 'held',
  skip: 'held',
  queue: 'held',
  pause: 'paused',
  roll_back: 'failed',
  override: 'paused',
  approve: 'passed',
  resume: 'passed',
};

function Timeline(props: { decisions: readonly LoopDecision[] }) {
  return (
    <ol class="loop-timeline">
      {props.decisions.map((one) => (
        <li key={one.number}>
          <div class="loop-when">
            <When ms={one.time_ms} />
            <span class="muted">no. {one.number}</span>
          </div>
          <div>
            <p>
              <Badge state={tones[one.action] ?? 'running'} label={one.action.replace(/_/g, ' ')} /> <b>{one.rule}</b>{' '}
              <span class="muted">
                {one.from === one.to ? one.to.replace(/_/g, ' ') : `${one.from} → ${one.to}`.replace(/_/g, ' ')} · {one.who}
              </span>
            </p>
            <p>{one.reason}</p>
            <details>
              <summary>What was seen, and how to undo it</summary>
              <Figures seen={one.seen} />
              {Object.keys(one.seen).length > 0 && !one.seen.candidate && <pre class="loop-policy">{JSON.stringify(one.seen, null, 2)}</pre>}
              {one.undo && <Command line={one.undo} />}
            </details>
          </div>
        </li>
      ))}
    </ol>
  );
}
