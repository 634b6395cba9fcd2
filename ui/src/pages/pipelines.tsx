/** The pipelines and their runs. */
import { listPipelineRuns, listPipelines } from '../api/pipelines';
import { cli } from '../cli';
import { Badge, Chip, Empty, Page, Section, Shown, When } from '../components/basics';
import { Table } from '../components/table';
import { duration, shortId } from '../format';
import { pipelinePath, pipelineRunPath } from '../links';
import { now } from '../live';
import { nouns } from '../nouns';
import { useRead } from '../query';
import { place } from '../router';

const runsShown = 200;

export function Pipelines() {
  const wanted = place.value.query.get('pipeline') ?? undefined;
  const pipelines = useRead('pipelines', listPipelines, { on: nouns.pipeline });
  const runs = useRead(`pipeline-runs:${wanted ?? ''}`, (signal) => listPipelineRuns({ pipeline: wanted, limit: runsShown }, signal), {
    on: nouns.pipeline,
  });
  return (
    <Page title="Pipelines" sub="Steps in order, started by hand, by the clock or by an alert.">
      <Section title="Pipelines" flush>
        <Shown read={pipelines}>
          {(list) =>
            list.length === 0 ? (
              <Empty title="No pipeline is defined." command={cli.pipeline} />
            ) : (
              <Table
                label="Pipelines"
                rows={list}
                rowKey={(pipeline) => pipeline.name}
                to={(pipeline) => pipelinePath(pipeline.name)}
                current={(pipeline) => pipeline.name === wanted}
                columns={[
                  { id: 'name', label: 'Pipeline', cell: (pipeline) => <a href={pipelinePath(pipeline.name)}>{pipeline.name}</a> },
                  { id: 'trigger', label: 'Started by', cell: (pipeline) => pipeline.trigger },
                  { id: 'last', label: 'Last run', cell: (pipeline) => (pipeline.last_run ? <Badge state={pipeline.last_run.state} /> : <span class="muted">never</span>) },
                  {
                    id: 'when',
                    label: 'When',
                    cell: (pipeline) =>
                      pipeline.last_run && (
                        <a href={pipelineRunPath(pipeline.last_run.id)}>
                          <When ms={pipeline.last_run.created_ms} />
                        </a>
                      ),
                  },
                  {
                    id: 'tasks',
                    label: 'Steps',
                    grow: true,
                    cell: (pipeline) => <span class="muted">{pipeline.tasks.map((task) => task.name).join(' → ')}</span>,
                  },
                ]}
              />
            )
          }
        </Shown>
      </Section>
      <Section
        title={wanted ? `Runs of ${wanted}` : 'Runs'}
        tools={wanted && <Chip><a href="/pipelines">{wanted} ×</a></Chip>}
        flush
      >
        <Shown read={runs}>
          {(list) =>
            list.length === 0 ? (
              <Empty title="Nothing has run yet." command={wanted ? cli.run(wanted) : undefined} />
            ) : (
              <Table
                label="Pipeline runs"
                rows={list}
                rowKey={(run) => run.id}
                to={(run) => pipelineRunPath(run.id)}
                height="60vh"
                columns={[
                  { id: 'id', label: 'Run', cell: (run) => <a href={pipelineRunPath(run.id)}>{shortId(run.id)}</a> },
                  { id: 'pipeline', label: 'Pipeline', cell: (run) => run.pipeline },
                  { id: 'state', label: 'State', cell: (run) => <Badge state={run.state} /> },
                  { id: 'trigger', label: 'Started by', cell: (run) => run.trigger },
                  { id: 'created', label: 'Started', cell: (run) => <When ms={run.created_ms} /> },
                  { id: 'took', label: 'Took', number: true, cell: (run) => duration((run.ended_ms ?? now.value) - run.created_ms) },
                  { id: 'fill', label: '', grow: true, cell: () => '' },
                ]}
              />
            )
          }
        </Shown>
      </Section>
    </Page>
  );
}
