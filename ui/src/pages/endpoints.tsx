/** The endpoints and how they fare. */
import { listEndpoints } from '../api/endpoints';
import { cli } from '../cli';
import { Badge, Empty, Page, Shown, When } from '../components/basics';
import { Table } from '../components/table';
import { count, percent } from '../format';
import { endpointPath, modelPath } from '../links';
import { nouns } from '../nouns';
import { useRead } from '../query';

const pollMs = 3_000;

export function Endpoints() {
  const endpoints = useRead('endpoints', listEndpoints, { on: nouns.endpoint, pollMs });
  return (
    <Page title="Endpoints" sub="Where models answer.">
      <div class="panel flush">
        <Shown read={endpoints}>
          {(list) =>
            list.length === 0 ? (
              <Empty title="Nothing is deployed." command={cli.deploy}>
                An endpoint keeps replicas of a model version running and shares the traffic between its revisions.
              </Empty>
            ) : (
              <Table
                label="Endpoints"
                rows={list}
                rowKey={(endpoint) => endpoint.name}
                to={(endpoint) => endpointPath(endpoint.name)}
                columns={[
                  { id: 'name', label: 'Endpoint', cell: (endpoint) => <a href={endpointPath(endpoint.name)}>{endpoint.name}</a> },
                  { id: 'state', label: 'State', cell: (endpoint) => <Badge state={endpoint.state} /> },
                  { id: 'model', label: 'Model', cell: (endpoint) => <a href={modelPath(endpoint.model)}>{endpoint.model}</a> },
                  { id: 'live', label: 'Live', cell: (endpoint) => (endpoint.live_version ? `v${endpoint.live_version}` : <span class="muted">–</span>) },
                  { id: 'requests', label: 'Requests', number: true, cell: (endpoint) => count(endpoint.requests) },
                  {
                    id: 'errors',
                    label: 'Failed',
                    number: true,
                    cell: (endpoint) => (
                      <span class={endpoint.errors > 0 ? 'bad-text' : ''} title={percent(endpoint.errors / Math.max(1, endpoint.requests), 3)}>
                        {count(endpoint.errors)}
                      </span>
                    ),
                  },
                  { id: 'created', label: 'Since', cell: (endpoint) => <When ms={endpoint.created_ms} /> },
                  { id: 'url', label: 'Address', grow: true, cell: (endpoint) => <code class="muted">{endpoint.url}</code> },
                ]}
              />
            )
          }
        </Shown>
      </div>
    </Page>
  );
}
