/** One alert: what caused it, what became of it, and what can be done. */
import { useState } from 'preact/hooks';
import { acknowledge, getAlert, withdrawAcknowledgement, type AlertDetails } from '../api/alerts';
import { AlertState } from '../components/alert-table';
import { Badge, Facts, Page, Section, Shown, When } from '../components/basics';
import { TextDialog } from '../components/dialog';
import { SilenceDialog } from '../components/silence-dialog';
import { Table } from '../components/table';
import { absolute, measure, plural } from '../format';
import { endpointPath, monitorPath, pipelineRunPath } from '../links';
import { nouns } from '../nouns';
import { useRead } from '../query';

const pollMs = 10_000;

/** The conditions that match this alert and its like: no values of a moment. */
export function matchersOf(labels: Record<string, string>): string[] {
  return Object.entries(labels)
    .filter(([name, value]) => name !== 'severity' && value !== '')
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`);
}

export function AlertPage(props: { id: string }) {
  const alert = useRead(`alert:${props.id}`, (signal) => getAlert(props.id, signal), { on: nouns.alert, pollMs });
  const [asked, setAsked] = useState<'ack' | 'silence' | undefined>();
  const data = alert.data;
  const live = data && data.phase !== 'resolved';
  return (
    <Page
      title={data?.rule ?? 'Alert'}
      trail={[{ label: 'Alerts', to: '/alerts' }]}
      badge={data && <AlertState alert={data} />}
      sub={data?.message}
      actions={
        live && (
          <>
            {data.acknowledged ? (
              <button type="button" onClick={() => void withdrawAcknowledgement(props.id).then(alert.reload)}>
                Take back
              </button>
            ) : (
              <button type="button" class="primary" onClick={() => setAsked('ack')}>
                Acknowledge
              </button>
            )}
            <button type="button" onClick={() => setAsked('silence')}>
              Silence…
            </button>
          </>
        )
      }
    >
      <Shown read={alert}>
        {(shown) => (
          <>
            <div class="panel">
              <Facts
                items={[
                  ['Severity', <Badge state={shown.severity} />],
                  ['Value', shown.value === undefined ? undefined : measure(shown.value, 4)],
                  ['Limit', shown.threshold === undefined ? undefined : measure(shown.threshold, 4)],
                  ['Opened', <When ms={shown.opened_ms} both />],
                  shown.closed_ms ? ['Closed', <When ms={shown.closed_ms} both />] : null,
                  shown.acknowledged
                    ? ['Seen to by', `${shown.acknowledged.who}${shown.acknowledged.note ? `: ${shown.acknowledged.note}` : ''}`]
                    : null,
                  shown.silenced_by.length > 0 && ['Silenced by', <a href="/alerts?tab=silences">{plural(shown.silenced_by.length, 'silence')}</a>],
                  shown.inhibited && ['Told to nobody', 'an alert that is more important fires'],
                  shown.annotations?.runbook_url ? ['Runbook', <a href={shown.annotations.runbook_url}>{shown.annotations.runbook_url}</a>] : null,
                ]}
              />
            </div>
            <Cause alert={shown} />
            <Section title="What happened" flush>
              <Table
                label="Timeline"
                rows={shown.timeline.map((entry, index) => ({ ...entry, index }))}
                rowKey={(entry) => entry.index}
                columns={[
                  { id: 'when', label: 'When', cell: (entry) => <When ms={entry.time_ms} both /> },
                  { id: 'what', label: 'What', cell: (entry) => entry.what },
                  { id: 'who', label: 'Who', cell: (entry) => entry.who },
                  { id: 'note', label: 'Note', grow: true, cell: (entry) => <span title={entry.note}>{entry.note}</span> },
                ]}
              />
            </Section>
          </>
        )}
      </Shown>
      {asked === 'ack' && (
        <TextDialog
          title="Acknowledge this alert"
          label="What is being done about it; nobody is reminded of it meanwhile"
          value=""
          action="Acknowledge"
          act={(note) => acknowledge(props.id, note).then(alert.reload)}
          close={() => setAsked(undefined)}
        />
      )}
      {asked === 'silence' && data && (
        <SilenceDialog matchers={matchersOf({ ...data.labels, rule: data.rule })} close={() => setAsked(undefined)} done={alert.reload} />
      )}
    </Page>
  );
}

function Cause(props: { alert: AlertDetails }) {
  const { alert } = props;
  const cause = alert.cause ?? {};
  const window_ = cause.window;
  return (
    <Section title="Cause">
      <Facts
        items={[
          cause.page ? ['Comparison', <a href={cause.page}>{cause.page}</a>] : null,
          cause.monitor ? ['Monitor', <a href={monitorPath(cause.monitor, { feature: cause.feature })}>{cause.monitor}</a>] : null,
          cause.endpoint ? ['Endpoint', <a href={endpointPath(cause.endpoint)}>{cause.endpoint}</a>] : null,
          ['Feature', cause.feature],
          window_ ? ['Window', `${absolute(window_.start_ms)} – ${absolute(window_.end_ms)}`] : null,
          window_?.predictions !== undefined ? ['In it', `${plural(window_.predictions, 'prediction')}, ${plural(window_.outcomes ?? 0, 'outcome')}`] : null,
          cause.rows ? ['Rows', <a href={cause.rows}>Download the predictions of the window</a>] : null,
          alert.pipeline_run ? ['Led to', <a href={pipelineRunPath(alert.pipeline_run)}>run {alert.pipeline_run}</a>] : null,
          cause.expr ? ['Expression', <code class="break">{cause.expr}</code>] : null,
          ...Object.entries(alert.labels ?? {}).map(([name, value]) => [name, <code>{value}</code>] as const),
        ]}
      />
    </Section>
  );
}
