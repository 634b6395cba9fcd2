/** The loops of all models. */
import { listLoops, type Loop } from '../api/loops';
import { cli } from '../cli';
import { Badge, Empty, Page, Shown, When } from '../components/basics';
import { Table } from '../components/table';
import { endpointPath, loopPath, modelPath } from '../links';
import { nouns } from '../nouns';
import { useRead } from '../query';

const pollMs = 3_000;

/** The phase as a person says it. */
export function phaseText(loop: Loop): string {
  const phase = loop.phase.replace(/_/g, ' ');
  const share = loop.phase === 'canary' ? loop.steps[loop.step] : undefined;
  return share === undefined ? phase : `${phase} at ${share} %`;
}

/** What to look at first: that it is paused or held, else the phase. */
export function LoopBadge(props: { loop: Loop }) {
  const { loop } = props;
  if (loop.paused) return <Badge state="paused" label={`${phaseText(loop)}, paused`} />;
  if (loop.latched) return <Badge state="failed" label={`${phaseText(loop)}, waits for a person`} />;
  if (loop.hold) return <Badge state="held" label={`${phaseText(loop)}, held`} />;
  return <Badge state={loop.phase === 'idle' || loop.phase === 'cooldown' ? 'closed' : 'running'} label={phaseText(loop)} />;
}

export function Loops() {
  const loops = useRead('loops', listLoops, { on: nouns.loop, pollMs });
  return (
    <Page title="Loops" sub="Retrain, judge, shadow, canary and promote: what is done for a model by itself.">
      <div class="panel flush">
        <Shown read={loops}>
          {(list) =>
            list.length === 0 ? (
              <Empty title="No model retrains itself." command={cli.loop}>
                A policy says what starts a retraining, what counts as worse and who is asked.
              </Empty>
            ) : (
              <Table
                label="Loops"
                rows={list}
                rowKey={(loop) => loop.model}
                to={(loop) => loopPath(loop.model)}
                columns={[
                  { id: 'model', label: 'Model', cell: (loop) => <a href={loopPath(loop.model)}>{loop.model}</a> },
                  { id: 'phase', label: 'State', cell: (loop) => <LoopBadge loop={loop} /> },
                  { id: 'candidate', label: 'Candidate', cell: (loop) => (loop.candidate ? <a href={modelPath(loop.model, loop.candidate)}>v{loop.candidate}</a> : <span class="muted">–</span>) },
                  { id: 'since', label: 'Since', cell: (loop) => <When ms={loop.since_ms} /> },
                  { id: 'ending', label: 'Last ended', cell: (loop) => (loop.ending ? <Badge state={endingState(loop.ending)} label={loop.ending.replace(/_/g, ' ')} /> : <span class="muted">never</span>) },
                  { id: 'endpoint', label: 'Endpoint', cell: (loop) => <a href={endpointPath(loop.endpoint)}>{loop.endpoint}</a> },
                  { id: 'triggers', label: 'Started by', grow: true, cell: (loop) => <span class="muted">{loop.triggers}</span> },
                ]}
              />
            )
          }
        </Shown>
      </div>
    </Page>
  );
}

export function endingState(ending: string): string {
  return { promoted: 'succeeded', held: 'held', rolled_back: 'failed', failed: 'failed' }[ending] ?? ending;
}
