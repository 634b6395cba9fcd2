/** The webhooks: who is told of events, whether it goes well, and a form for another one. */
import { useState } from 'preact/hooks';
import { createWebhook, listWebhooks } from '../api/webhooks';
import { cli } from '../cli';
import { Badge, Empty, Page, Shown } from '../components/basics';
import { Dialog } from '../components/dialog';
import { Table } from '../components/table';
import { webhookPath } from '../links';
import { nouns } from '../nouns';
import { useRead } from '../query';
import { navigate } from '../router';

/** What waits and what arrives makes no events. */
const pollMs = 5_000;

export function Webhooks() {
  const webhooks = useRead('webhooks', listWebhooks, { on: nouns.webhook, pollMs });
  const [adding, setAdding] = useState(false);
  return (
    <Page
      title="Webhooks"
      sub="Who is told of events over HTTP. A message that cannot be delivered is kept and can be replayed."
      actions={
        <button type="button" class="primary" onClick={() => setAdding(true)}>
          New webhook
        </button>
      }
    >
      <div class="panel flush">
        <Shown read={webhooks}>
          {(list) =>
            list.length === 0 ? (
              <Empty title="Nobody is told." command={cli.webhook}>
                A webhook sends every event of the kinds it asks for, signed, in their order, until the receiver has taken it.
              </Empty>
            ) : (
              <Table
                label="Webhooks"
                rows={list}
                rowKey={(webhook) => webhook.id}
                to={(webhook) => webhookPath(webhook.id)}
                columns={[
                  { id: 'name', label: 'Webhook', cell: (webhook) => <a href={webhookPath(webhook.id)}>{webhook.name}</a> },
                  { id: 'status', label: 'Status', cell: (webhook) => <Badge state={webhook.status} /> },
                  { id: 'pending', label: 'Waiting', number: true, cell: (webhook) => webhook.pending },
                  {
                    id: 'dead',
                    label: 'Dead letters',
                    number: true,
                    cell: (webhook) => <span class={webhook.dead > 0 ? 'bad-text' : ''}>{webhook.dead}</span>,
                  },
                  { id: 'events', label: 'Events', cell: (webhook) => webhook.events.join(', ') },
                  { id: 'url', label: 'Address', grow: true, cell: (webhook) => <span title={webhook.url}>{webhook.url}</span> },
                ]}
              />
            )
          }
        </Shown>
      </div>
      {adding && <NewWebhookDialog close={() => setAdding(false)} />}
    </Page>
  );
}

function NewWebhookDialog(props: { close: () => void }) {
  const [name, setName] = useState('');
  const [url, setUrl] = useState('');
  const [events, setEvents] = useState('alias.moved, alert.*');
  const [secret, setSecret] = useState('');
  const act = async () => {
    const made = await createWebhook({
      name: name.trim(),
      url: url.trim(),
      events: events.split(/[\s,]+/).filter(Boolean),
      secret: secret || undefined,
    });
    navigate(webhookPath(made.id));
  };
  return (
    <Dialog title="New webhook" action="Create" act={act} close={props.close}>
      <label class="ask-field">
        <span>Name</span>
        <input autofocus required maxLength={63} value={name} onInput={(event) => setName(event.currentTarget.value)} />
      </label>
      <label class="ask-field">
        <span>Address</span>
        <input required type="url" placeholder="https://…" value={url} onInput={(event) => setUrl(event.currentTarget.value)} />
      </label>
      <label class="ask-field">
        <span>Kinds of events (alias.moved, alert.*, *)</span>
        <input required value={events} onInput={(event) => setEvents(event.currentTarget.value)} />
      </label>
      <label class="ask-field">
        <span>Secret to sign with, not shown again</span>
        <input type="password" autocomplete="off" value={secret} onInput={(event) => setSecret(event.currentTarget.value)} />
      </label>
    </Dialog>
  );
}
