/** Every alert of rules and monitors, the rules, who is silent and who is told. */
import { useState } from 'preact/hooks';
import {
  expireSilence,
  getRoutes,
  listReceiverDeliveries,
  listReceivers,
  listRules,
  listSilences,
  pageOfAlerts,
  replayReceiver,
  testReceiver,
  type AlertReceiver,
  type AlertRoute,
  type AlertRule,
} from '../api/alerts';
import type { Alert } from '../api/monitors';
import { cli } from '../cli';
import { AlertTable } from '../components/alert-table';
import { Badge, Choice, Empty, Page, Section, Shown, Tabs, When, currentTab } from '../components/basics';
import { SilenceDialog } from '../components/silence-dialog';
import { Table } from '../components/table';
import { nouns } from '../nouns';
import { useRead } from '../query';
import { place, setQuery } from '../router';

const tabs = ['alerts', 'rules', 'silences', 'receivers'] as const;
/** Values of firing alerts and waiting messages make no events. */
const pollMs = 10_000;

export function Alerts() {
  const tab = currentTab(tabs);
  const [silencing, setSilencing] = useState(false);
  return (
    <Page
      title="Alerts"
      sub="Raised when a series of this server leaves its limit, a feature drifts or a model gets worse."
      actions={
        <button type="button" onClick={() => setSilencing(true)}>
          Silence…
        </button>
      }
    >
      <Tabs
        current={tab}
        tabs={[
          { id: 'alerts', label: 'Alerts' },
          { id: 'rules', label: 'Rules' },
          { id: 'silences', label: 'Silences' },
          { id: 'receivers', label: 'Receivers' },
        ]}
      />
      {tab === 'alerts' && <AlertList />}
      {tab === 'rules' && <Rules />}
      {tab === 'silences' && <Silences />}
      {tab === 'receivers' && <Receivers />}
      {silencing && <SilenceDialog matchers={[]} close={() => setSilencing(false)} />}
    </Page>
  );
}

const states = ['all', 'pending', 'firing', 'resolved'] as const;
type State = (typeof states)[number];

/** What links of before ask for. */
const stateOf: Record<string, State> = { open: 'firing', closed: 'resolved', pending: 'pending', firing: 'firing', resolved: 'resolved' };

function AlertList() {
  const state = stateOf[place.value.query.get('state') ?? ''] ?? 'all';
  const phase = state === 'all' ? undefined : state;
  const [older, setOlder] = useState<{ rows: Alert[]; next?: string } | undefined>();
  const first = useRead(`alerts:${state}`, (signal) => pageOfAlerts({ phase }, signal), { on: nouns.alert, pollMs });
  const next = older ? older.next : first.data?.next;
  const more = () =>
    void pageOfAlerts({ phase, before: next }).then((page) => setOlder({ rows: [...(older?.rows ?? []), ...page.alerts], next: page.next }));
  return (
    <Section
      title="Alerts"
      flush
      tools={
        <Choice
          label="State"
          value={state}
          options={states.map((each) => ({ value: each, label: each[0]!.toUpperCase() + each.slice(1) }))}
          onChange={(value) => (setOlder(undefined), setQuery({ state: value === 'all' ? undefined : value }))}
        />
      }
    >
      <Shown read={first}>
        {(page) => {
          const rows = [...page.alerts, ...(older?.rows ?? [])].filter((row, i, all) => all.findIndex((each) => each.id === row.id) === i);
          if (rows.length === 0)
            return (
              <Empty title={phase ? `No alert is ${phase}.` : 'No alert so far.'} command={phase ? undefined : cli.alerts}>
                A rule raises one when a series leaves its limit, a monitor when live data leaves its reference or the model gets worse.
              </Empty>
            );
          return (
            <>
              <AlertTable alerts={rows} />
              {next !== undefined && (
                <div class="more">
                  <button type="button" onClick={more}>
                    Older alerts
                  </button>
                </div>
              )}
            </>
          );
        }}
      </Shown>
    </Section>
  );
}

const signs = { above: '>', at_least: '≥', below: '<', at_most: '≤' } as const;

export function limitOf(rule: AlertRule): string {
  for (const [word, sign] of Object.entries(signs)) {
    const limit = rule[word as keyof typeof signs];
    if (limit !== undefined) return `${sign} ${limit}`;
  }
  return 'any';
}

function Rules() {
  const rules = useRead('alert-rules', listRules, { on: nouns.alert });
  return (
    <Section title="Rules" flush>
      <Shown read={rules}>
        {(list) =>
          list.length === 0 ? (
            <Empty title="There is no rule." command={cli.alerts}>
              Rules are YAML files: a series, a limit, for how long. Monitors raise alerts without one.
            </Empty>
          ) : (
            <Table
              label="Rules"
              rows={list}
              rowKey={(rule) => rule.name}
              columns={[
                { id: 'name', label: 'Rule', cell: (rule) => rule.name },
                { id: 'severity', label: 'Severity', cell: (rule) => <Badge state={rule.severity} /> },
                { id: 'limit', label: 'Limit', number: true, cell: (rule) => limitOf(rule) },
                { id: 'for', label: 'For', number: true, cell: (rule) => rule.for },
                { id: 'version', label: 'Version', number: true, cell: (rule) => rule.version },
                { id: 'updated', label: 'Changed', cell: (rule) => <When ms={rule.updated_ms} /> },
                { id: 'by', label: 'By', spare: true, cell: (rule) => rule.updated_by },
                {
                  id: 'expr',
                  label: 'Expression',
                  grow: true,
                  cell: (rule) => (
                    <code title={rule.expr}>
                      {rule.enabled ? '' : '(disabled) '}
                      {rule.expr}
                    </code>
                  ),
                },
              ]}
            />
          )
        }
      </Shown>
    </Section>
  );
}

function Silences() {
  const silences = useRead('silences', listSilences, { on: nouns.alert });
  return (
    <Section title="Silences" flush note="of a week ago at most">
      <Shown read={silences}>
        {(list) =>
          list.length === 0 ? (
            <Empty title="Nothing is silenced.">An alert that a silence matches goes on to fire, and nobody is told of it.</Empty>
          ) : (
            <Table
              label="Silences"
              rows={list}
              rowKey={(silence) => silence.id}
              columns={[
                { id: 'state', label: 'State', cell: (silence) => <Badge state={silence.state} /> },
                { id: 'matchers', label: 'Alerts', cell: (silence) => <code>{silence.matchers.join(' ')}</code> },
                { id: 'ends', label: 'Ends', cell: (silence) => <When ms={silence.ends_ms} /> },
                { id: 'who', label: 'By', cell: (silence) => silence.who },
                { id: 'comment', label: 'Why', grow: true, cell: (silence) => <span title={silence.comment}>{silence.comment}</span> },
                {
                  id: 'end',
                  label: '',
                  cell: (silence) =>
                    silence.state !== 'expired' && (
                      <button type="button" class="plain" onClick={() => void expireSilence(silence.id).then(silences.reload)}>
                        End now
                      </button>
                    ),
                },
              ]}
            />
          )
        }
      </Shown>
    </Section>
  );
}

interface RouteRow {
  route: AlertRoute;
  depth: number;
}

function rowsOf(route: AlertRoute, depth = 0): RouteRow[] {
  return [{ route, depth }, ...route.routes.flatMap((inner) => rowsOf(inner, depth + 1))];
}

function Receivers() {
  const receivers = useRead('alert-receivers', listReceivers, { on: [...nouns.alert, ...nouns.webhook], pollMs });
  const routes = useRead('alert-routes', getRoutes, { on: nouns.alert });
  const open = place.value.query.get('receiver') ?? undefined;
  return (
    <>
      <Section title="Routes" flush>
        <Shown read={routes}>
          {(data) =>
            data.version === 0 ? (
              <Empty title="Nobody is told of alerts.">A file with receivers and routes says who is: millwright alerts apply FILE.yaml.</Empty>
            ) : (
              <Table
                label="Routes"
                rows={rowsOf(data.routes)}
                rowKey={(row) => rowsOf(data.routes).findIndex((each) => each.route === row.route)}
                columns={[
                  {
                    id: 'match',
                    label: 'Alerts',
                    cell: ({ route, depth }) => <code style={{ paddingLeft: `${depth * 1.2}rem` }}>{route.match?.join(' ') ?? 'all'}</code>,
                  },
                  { id: 'receiver', label: 'Receiver', cell: ({ route }) => route.receiver || <span class="muted">nobody</span> },
                  { id: 'group', label: 'Grouped by', cell: ({ route }) => route.group_by.join(', ') },
                  { id: 'wait', label: 'Wait', number: true, cell: ({ route }) => route.group_wait },
                  { id: 'interval', label: 'Interval', number: true, cell: ({ route }) => route.group_interval },
                  { id: 'repeat', label: 'Repeat', number: true, cell: ({ route }) => route.repeat_interval },
                ]}
              />
            )
          }
        </Shown>
      </Section>
      <Section title="Receivers" flush>
        <Shown read={receivers}>
          {(list) =>
            list.length === 0 ? (
              <Empty title="There is no receiver.">A webhook, a Slack channel, people by mail or an Alertmanager.</Empty>
            ) : (
              <Table
                label="Receivers"
                rows={list}
                rowKey={(receiver) => receiver.name}
                current={(receiver) => receiver.name === open}
                columns={[
                  {
                    id: 'name',
                    label: 'Receiver',
                    cell: (receiver) => (
                      <button type="button" class="plain" onClick={() => setQuery({ receiver: receiver.name })}>
                        {receiver.name}
                      </button>
                    ),
                  },
                  { id: 'kind', label: 'Kind', cell: (receiver) => receiver.kind },
                  { id: 'pending', label: 'Waiting', number: true, cell: (receiver) => receiver.pending },
                  { id: 'dead', label: 'Dead letters', number: true, cell: (receiver) => <span class={receiver.dead > 0 ? 'bad-text' : ''}>{receiver.dead}</span> },
                  { id: 'try', label: '', cell: (receiver) => <Try receiver={receiver} reload={receivers.reload} /> },
                  { id: 'url', label: 'Where', grow: true, cell: (receiver) => <span title={receiver.url}>{receiver.url}</span> },
                ]}
              />
            )
          }
        </Shown>
      </Section>
      {open && <Deliveries key={open} receiver={open} />}
    </>
  );
}

function Try(props: { receiver: AlertReceiver; reload: () => void }) {
  const [words, setWords] = useState('');
  const test = () => {
    setWords('…');
    testReceiver(props.receiver.name).then(
      (result) => setWords(result.delivered ? `took it (${result.status})` : result.error),
      (error: Error) => setWords(error.message),
    );
  };
  return (
    <>
      <button type="button" class="plain" onClick={test}>
        Test
      </button>
      {props.receiver.dead > 0 && (
        <button type="button" class="plain" onClick={() => void replayReceiver(props.receiver.name).then(props.reload)}>
          Replay
        </button>
      )}{' '}
      <span role="status">{words}</span>
    </>
  );
}

function Deliveries(props: { receiver: string }) {
  const deliveries = useRead(`alert-deliveries:${props.receiver}`, (signal) => listReceiverDeliveries(props.receiver, signal), { on: nouns.alert, pollMs: 3_000 });
  return (
    <Section title={`What ${props.receiver} was told`} flush>
      <Shown read={deliveries}>
        {(list) =>
          list.length === 0 ? (
            <Empty title="Nothing has been told so far." />
          ) : (
            <Table
              label="Deliveries"
              rows={list}
              rowKey={(row) => row.seq}
              columns={[
                { id: 'state', label: 'State', cell: (row) => <Badge state={row.state} /> },
                { id: 'event', label: 'Why', cell: (row) => row.event },
                { id: 'attempts', label: 'Attempts', number: true, cell: (row) => row.attempts },
                { id: 'queued', label: 'Queued', cell: (row) => <When ms={row.created_ms} /> },
                { id: 'group', label: 'Group', cell: (row) => <code>{row.subject}</code> },
                { id: 'error', label: 'Error', grow: true, cell: (row) => <span title={row.error}>{row.error}</span> },
              ]}
            />
          )
        }
      </Shown>
    </Section>
  );
}
