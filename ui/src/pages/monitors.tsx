/** The monitors. */
import { listMonitors } from '../api/monitors';
import { cli } from '../cli';
import { Badge, Empty, Page, Shown, When } from '../components/basics';
import { Table } from '../components/table';
import { endpointPath, modelPath, monitorPath, newMonitorPath } from '../links';
import { nouns } from '../nouns';
import { useRead } from '../query';

export function Monitors() {
  const monitors = useRead('monitors', listMonitors, { on: nouns.monitor });
  return (
    <Page
      title="Monitors"
      sub="What goes in and comes out of an endpoint, held against its reference."
      actions={
        <a class="button" href={newMonitorPath()}>
          New monitor
        </a>
      }
    >
      <div class="panel flush">
        <Shown read={monitors}>
          {(list) =>
            list.length === 0 ? (
              <Empty title="Nothing is watched." command={cli.monitor}>
                A monitor compares live inputs with the training reference and predictions with what really happened.
              </Empty>
            ) : (
              <Table
                label="Monitors"
                rows={list}
                rowKey={(monitor) => monitor.name}
                to={(monitor) => monitorPath(monitor.name)}
                columns={[
                  { id: 'name', label: 'Monitor', cell: (monitor) => <a href={monitorPath(monitor.name)}>{monitor.name}</a> },
                  { id: 'state', label: 'State', cell: (monitor) => <Badge state={monitor.state} /> },
                  {
                    id: 'alerts',
                    label: 'Open alerts',
                    number: true,
                    cell: (monitor) => <span class={monitor.open_alerts > 0 ? 'bad-text' : ''}>{monitor.open_alerts}</span>,
                  },
                  { id: 'endpoint', label: 'Endpoint', cell: (monitor) => <a href={endpointPath(monitor.endpoint)}>{monitor.endpoint}</a> },
                  { id: 'model', label: 'Model', cell: (monitor) => <a href={modelPath(monitor.model)}>{monitor.model}</a> },
                  { id: 'created', label: 'Since', grow: true, cell: (monitor) => <When ms={monitor.created_ms} /> },
                ]}
              />
            )
          }
        </Shown>
      </div>
    </Page>
  );
}
