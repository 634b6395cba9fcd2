/** One webhook: what it was told, what came of each attempt, and what can be done about it. */
import { useState } from 'preact/hooks';
import {
  deleteWebhook,
  getDelivery,
  getWebhook,
  listDeliveries,
  replayDead,
  replayDelivery,
  setWebhookStatus,
  testWebhook,
  type Attempt,
  type Delivery,
  type DeliveryState,
} from '../api/webhooks';
import { Badge, Choice, Empty, Facts, Page, Section, Shown, When } from '../components/basics';
import { Dialog } from '../components/dialog';
import { Table } from '../components/table';
import { plural } from '../format';
import { subjectPath, webhookPath } from '../links';
import { nouns } from '../nouns';
import { useRead } from '../query';
import { navigate, place, setQuery } from '../router';

const pollMs = 3_000;
const pageSize = 100;
const states: readonly DeliveryState[] = ['pending', 'delivered', 'dead'];

export function WebhookPage(props: { id: string }) {
  const webhook = useRead(`webhook:${props.id}`, (signal) => getWebhook(props.id, signal), { on: nouns.webhook, pollMs });
  const [asked, setAsked] = useState<'delete' | 'replay' | undefined>();
  const data = webhook.data;
  const active = data?.status === 'ACTIVE';
  return (
    <Page
      title={data?.name ?? 'Webhook'}
      trail={[{ label: 'Webhooks', to: '/webhooks' }]}
      badge={data && <Badge state={data.status} />}
      sub={data?.description ?? undefined}
      actions={
        data && (
          <>
            <button type="button" onClick={() => void setWebhookStatus(props.id, active ? 'DISABLED' : 'ACTIVE').then(webhook.reload)}>
              {active ? 'Disable' : 'Enable'}
            </button>
            <button type="button" onClick={() => setAsked('delete')}>
              Delete
            </button>
          </>
        )
      }
    >
      <Shown read={webhook}>
        {(shown) => (
          <>
            <div class="panel">
              <Facts
                items={[
                  ['Address', <span class="break">{shown.url}</span>],
                  ['Events', shown.events.join(', ')],
                  ['Messages', shown.format === 'mlflow' ? 'as MLflow words them' : 'events'],
                  ['Signed', shown.signed ? 'yes' : 'no'],
                  ['Waiting', shown.pending],
                  ['Dead letters', shown.dead > 0 ? <span class="bad-text">{shown.dead}</span> : 0],
                  ['Created', <When ms={shown.created_ms} />],
                  ['By', shown.created_by],
                ]}
              />
              <div class="try-line">
                <Try id={props.id} />
                {shown.dead > 0 && (
                  <button type="button" onClick={() => setAsked('replay')}>
                    Replay dead letters
                  </button>
                )}
              </div>
            </div>
            <Deliveries id={props.id} />
          </>
        )}
      </Shown>
      {asked === 'delete' && (
        <Dialog
          title={`Delete ${data?.name}?`}
          action="Delete"
          danger
          close={() => setAsked(undefined)}
          act={() => deleteWebhook(props.id).then(() => navigate('/webhooks'))}
        >
          <p>What still waits is not sent, and the log of deliveries goes as well.</p>
        </Dialog>
      )}
      {asked === 'replay' && (
        <Dialog title="Replay the dead letters?" action="Replay" close={() => setAsked(undefined)} act={() => replayDead(props.id).then(webhook.reload)}>
          <p>{plural(data?.dead ?? 0, 'message')} will be sent again under the same ids, the oldest first.</p>
        </Dialog>
      )}
    </Page>
  );
}

/** Sends a made-up message and says what came of it. */
function Try(props: { id: string }) {
  const [busy, setBusy] = useState(false);
  const [result, setResult] = useState<(Attempt & { delivered: boolean }) | Error | undefined>();
  const send = () => {
    setBusy(true);
    testWebhook(props.id)
      .then(setResult, (error: Error) => setResult(error))
      .finally(() => setBusy(false));
  };
  return (
    <>
      <button type="button" onClick={send} disabled={busy}>
        {busy ? 'Sending…' : 'Send a test'}
      </button>
      <span role="status">
        {result instanceof Error && <span class="bad-text">{result.message}</span>}
        {result && !(result instanceof Error) && (
          <>
            <Badge state={result.delivered ? 'delivered' : 'failed'} /> {result.status ?? result.error} after {result.duration_ms} ms
          </>
        )}
      </span>
    </>
  );
}

function Deliveries(props: { id: string }) {
  const wanted = place.value.query.get('state');
  const state = states.find((each) => each === wanted);
  const open = place.value.query.get('delivery') ?? undefined;
  const [older, setOlder] = useState<{ rows: Delivery[]; next?: number } | undefined>();
  const first = useRead(
    `deliveries:${props.id}:${state ?? ''}`,
    (signal) => listDeliveries(props.id, { state, limit: pageSize }, signal),
    { on: nouns.webhook, pollMs },
  );
  const next = older ? older.next : first.data?.next;
  const more = () =>
    void listDeliveries(props.id, { state, before: next, limit: pageSize }).then((page) =>
      setOlder({ rows: [...(older?.rows ?? []), ...page.deliveries], next: page.next }),
    );
  const toDelivery = (delivery: Delivery) => webhookPath(props.id, { state, delivery: delivery.id });
  return (
    <>
      {open && <DeliverySection key={open} id={open} changed={first.reload} />}
      <Section
        title="Deliveries"
        flush
        tools={
          <Choice
            label="State"
            value={state ?? 'all'}
            options={[{ value: 'all', label: 'All' }, ...states.map((each) => ({ value: each, label: each[0]!.toUpperCase() + each.slice(1) }))]}
            onChange={(value) => (setOlder(undefined), setQuery({ state: value === 'all' ? undefined : value }))}
          />
        }
      >
        <Shown read={first} rows={8}>
          {(page) => {
            const rows = [...page.deliveries, ...(older?.rows ?? [])].filter((row, i, all) => all.findIndex((each) => each.seq === row.seq) === i);
            if (rows.length === 0) return <Empty title={state ? `No delivery is ${state}.` : 'Nothing has been told so far.'} />;
            return (
              <>
                <Table
                  label="Deliveries"
                  rows={rows}
                  rowKey={(row) => row.seq}
                  to={toDelivery}
                  current={(row) => row.id === open}
                  columns={[
                    { id: 'event', label: 'Event', cell: (row) => <a href={toDelivery(row)}>{row.event}</a> },
                    { id: 'state', label: 'State', cell: (row) => <Badge state={row.state} /> },
                    { id: 'attempts', label: 'Attempts', number: true, cell: (row) => row.attempts },
                    { id: 'queued', label: 'Queued', cell: (row) => <When ms={row.created_ms} /> },
                    { id: 'subject', label: 'Subject', cell: (row) => <SubjectOf subject={row.subject} /> },
                    { id: 'error', label: 'Error', grow: true, cell: (row) => <span title={row.error}>{row.error}</span> },
                  ]}
                />
                {next !== undefined && (
                  <div class="more">
                    <button type="button" onClick={more}>
                      Older deliveries
                    </button>
                  </div>
                )}
              </>
            );
          }}
        </Shown>
      </Section>
    </>
  );
}

function SubjectOf(props: { subject: string }) {
  const path = subjectPath(props.subject);
  return path ? <a href={path}>{props.subject}</a> : <>{props.subject}</>;
}

/** JSON as people read it; what is none as it stands. */
export function readable(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

/** The message of one delivery and its attempts. */
function DeliverySection(props: { id: string; changed: () => void }) {
  const delivery = useRead(`delivery:${props.id}`, (signal) => getDelivery(props.id, signal), { on: nouns.webhook, pollMs });
  const [failure, setFailure] = useState<Error | undefined>();
  const replay = () =>
    void replayDelivery(props.id).then(
      () => (setFailure(undefined), delivery.reload(), props.changed()),
      (error: Error) => setFailure(error),
    );
  return (
    <Section
      title="Message"
      tools={
        <>
          <button type="button" onClick={replay}>
            Replay
          </button>
          <button type="button" class="plain" onClick={() => setQuery({ delivery: undefined })}>
            Close
          </button>
        </>
      }
    >
      <Shown read={delivery}>
        {(data) => (
          <>
            <Facts
              items={[
                ['State', <Badge state={data.state} />],
                ['Delivery id', <code class="break">{data.id}</code>],
                data.state === 'pending' && ['Next attempt', <When ms={data.due_ms} />],
                ['Error', data.error],
              ]}
            />
            {failure && (
              <p class="bad-text" role="alert">
                {failure.message}
              </p>
            )}
            <pre class="text message" tabIndex={0} aria-label="Body">
              {readable(data.body)}
            </pre>
            {data.log.length > 0 && (
              <Table
                label="Attempts"
                rows={data.log}
                rowKey={(attempt) => attempt.number}
                columns={[
                  { id: 'number', label: 'Attempt', number: true, cell: (attempt) => attempt.number },
                  { id: 'when', label: 'When', cell: (attempt) => <When ms={attempt.started_ms} /> },
                  { id: 'took', label: 'Took', number: true, cell: (attempt) => `${attempt.duration_ms} ms` },
                  { id: 'status', label: 'Status', number: true, cell: (attempt) => attempt.status ?? '–' },
                  { id: 'what', label: 'Answer', grow: true, cell: (attempt) => <span title={attempt.response}>{attempt.response || attempt.error}</span> },
                ]}
              />
            )}
          </>
        )}
      </Shown>
    </Section>
  );
}
