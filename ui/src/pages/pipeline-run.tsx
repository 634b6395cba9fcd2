/** One run of a pipeline: its steps as a graph, what each tried, and the log of the chosen one. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { getPipelineRun, readTaskLog, type PipelineRun, type TaskRun } from '../api/pipelines';
import { Badge, Empty, Facts, Failure, Page, Section, Shown, When } from '../components/basics';
import { Graph } from '../components/graph';
import { Table } from '../components/table';
import { duration, inline, namedValue, shortId } from '../format';
import { lineagePath, pipelinePath, pipelineRunPath, subjectPath } from '../links';
import { now } from '../live';
import { nouns } from '../nouns';
import { useRead } from '../query';
import { place } from '../router';

const runningPollMs = 2_000;
const logPollMs = 1_000;
/** The page keeps the tail of a log; the whole is on the server. */
const logKept_chars = 500_000;

const unfinished = new Set(['queued', 'running', 'pending']);

export function PipelineRunPage(props: { id: string }) {
  const [running, setRunning] = useState(true);
  const run = useRead(`pipeline-run:${props.id}`, (signal) => getPipelineRun(props.id, signal), {
    on: nouns.pipelineRun,
    pollMs: running ? runningPollMs : undefined,
  });
  const isRunning = run.data ? unfinished.has(run.data.state) : true;
  if (isRunning !== running) setRunning(isRunning);
  const data = run.data;
  return (
    <Page
      title={data ? `${data.pipeline} ${shortId(props.id)}` : shortId(props.id)}
      trail={[
        { label: 'Pipelines', to: '/pipelines' },
        ...(data ? [{ label: data.pipeline, to: pipelinePath(data.pipeline) }] : []),
      ]}
      badge={data && <Badge state={data.state} />}
      actions={
        <a class="button" href={lineagePath(`pipeline_run:${props.id}`)}>
          Lineage
        </a>
      }
    >
      <Shown read={run} rows={10}>
        {(found) => <Details run={found} />}
      </Shown>
    </Page>
  );
}

function tookOf(task: TaskRun): number | undefined {
  const first = task.attempts[0];
  if (!first) return undefined;
  const last = task.attempts[task.attempts.length - 1]!;
  return (last.ended_ms ?? now.value) - first.started_ms;
}

/** Said beside the colour, which not everyone sees. */
const signs: Record<string, string> = { succeeded: '✓', failed: '✗', running: '▸', held: '◆', skipped: '⤼', cancelled: '⊘' };

const tones: Record<string, string> = { succeeded: 'good', failed: 'bad', running: 'busy', queued: 'busy', held: 'warn', cancelled: 'warn' };

/** The step one would look at first: the one that failed, runs, or came last. */
export function usualTask(tasks: readonly TaskRun[]): string | undefined {
  const by = (state: string) => tasks.find((task) => task.state === state)?.name;
  return by('failed') ?? by('running') ?? by('held') ?? [...tasks].reverse().find((task) => task.attempts.length > 0)?.name ?? tasks[0]?.name;
}

function Details(props: { run: PipelineRun }) {
  const { run } = props;
  const chosen = place.value.query.get('task') ?? usualTask(run.tasks);
  const task = run.tasks.find((each) => each.name === chosen);
  const triggerPath = subjectPath(run.trigger);
  return (
    <>
      <Facts
        items={[
          ['Run', <code>{run.id}</code>],
          ['Started by', triggerPath ? <a href={triggerPath}>{run.trigger}</a> : run.trigger],
          ['Started', <When ms={run.created_ms} both />],
          ['Took', duration((run.ended_ms ?? now.value) - run.created_ms)],
          ...Object.entries(run.params).map(([key, value]) => [key, namedValue(key, value)] as const),
        ]}
      />
      <Section title="Steps" note={`${run.tasks.filter((each) => each.state === 'succeeded').length} of ${run.tasks.length} succeeded`}>
        <Graph
          label="Steps and what they wait for"
          nodes={run.tasks.map((each) => {
            const took = tookOf(each);
            const attempts = each.attempts.length > 1 ? ` · ${each.attempts.length} tries` : '';
            return {
              id: each.name,
              title: each.name,
              detail: `${signs[each.state] ?? '·'} ${took === undefined ? each.state : duration(took)}${attempts}`,
              says: each.state,
              tone: tones[each.state] ?? 'quiet',
              to: pipelineRunPath(run.id, each.name),
              current: each.name === chosen,
            };
          })}
          arrows={run.tasks.flatMap((each) => each.depends_on.map((from) => ({ from, to: each.name })))}
        />
      </Section>
      {task ? <TaskDetails run={run} task={task} /> : <Empty title="This run has no steps." />}
    </>
  );
}

function TaskDetails(props: { run: PipelineRun; task: TaskRun }) {
  const { run, task } = props;
  const outputs = Object.entries(task.outputs ?? {});
  return (
    <div class="columns wide-right">
      <div>
        <Section title={task.name} note={<Badge state={task.state} />} flush>
          {task.attempts.length === 0 ? (
            <Empty title="It has not been tried yet.">Waits for {task.depends_on.join(', ') || 'a free worker'}.</Empty>
          ) : (
            <Table
              label="Attempts"
              rows={task.attempts}
              rowKey={(attempt) => attempt.number}
              columns={[
                { id: 'number', label: 'Attempt', number: true, cell: (attempt) => attempt.number },
                { id: 'state', label: 'State', cell: (attempt) => <Badge state={attempt.state} /> },
                { id: 'started', label: 'Started', cell: (attempt) => <When ms={attempt.started_ms} /> },
                { id: 'took', label: 'Took', number: true, cell: (attempt) => duration((attempt.ended_ms ?? now.value) - attempt.started_ms) },
                { id: 'exit', label: 'Exit', number: true, cell: (attempt) => attempt.exit_code ?? '–' },
              ]}
            />
          )}
          {task.attempts.filter((attempt) => attempt.error).map((attempt) => (
            <p key={attempt.number} class="bad-text note-line">
              Attempt {attempt.number}: {attempt.error}
            </p>
          ))}
        </Section>
        {outputs.length > 0 && (
          <Section title="Outputs">
            <Facts
              items={outputs.map(([key, value]) => {
                const to = typeof value === 'string' ? subjectPath(value) : undefined;
                return [key, to ? <a href={to}>{String(value)}</a> : inline(value)] as const;
              })}
            />
          </Section>
        )}
      </div>
      <Log key={`${run.id}/${task.name}`} run={run.id} task={task.name} live={unfinished.has(task.state)} />
    </div>
  );
}

function Log(props: { run: string; task: string; live: boolean }) {
  const [text, setText] = useState('');
  const [error, setError] = useState<Error>();
  const [loaded, setLoaded] = useState(false);
  const offset = useRef(0);
  const box = useRef<HTMLPreElement>(null);
  const follows = useRef(true);

  useEffect(() => {
    const controller = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const next = async () => {
      let again = props.live;
      try {
        const piece = await readTaskLog(props.run, props.task, offset.current, controller.signal);
        again ||= piece.text !== '';
        offset.current = piece.next_offset;
        if (piece.text) setText((known) => (known + piece.text).slice(-logKept_chars));
        setError(undefined);
      } catch (cause) {
        if (controller.signal.aborted) return;
        setError(cause as Error);
      }
      setLoaded(true);
      if (again && !controller.signal.aborted) timer = setTimeout(() => void next(), logPollMs);
    };
    void next();
    return () => {
      controller.abort();
      clearTimeout(timer);
    };
  }, [props.run, props.task, props.live]);

  useEffect(() => {
    const element = box.current;
    if (element && follows.current) element.scrollTop = element.scrollHeight;
  }, [text]);

  return (
    <Section title="Log" note={props.live ? <Badge state="running" label="following" /> : undefined} flush>
      {error && <Failure error={error} />}
      {loaded && text === '' && !error ? (
        <Empty title="Nothing was written." />
      ) : (
        <pre
          class="log"
          ref={box}
          tabIndex={0}
          aria-label={`Log of ${props.task}`}
          onScroll={(event) => {
            const element = event.currentTarget;
            follows.current = element.scrollHeight - element.scrollTop - element.clientHeight < 40;
          }}
        >
          {text}
        </pre>
      )}
    </Section>
  );
}
