/** Alerts as rows, with what they led to. */
import type { Alert } from '../api/monitors';
import { measure, shortId } from '../format';
import { monitorPath, pipelineRunPath } from '../links';
import { Badge, When } from './basics';
import { Table } from './table';

export function AlertTable(props: { alerts: readonly Alert[]; withoutMonitor?: boolean }) {
  return (
    <Table
      label="Alerts"
      rows={props.alerts}
      rowKey={(alert) => alert.id}
      to={(alert) => monitorPath(alert.monitor, { feature: alert.feature })}
      columns={[
        { id: 'state', label: 'State', cell: (alert) => <Badge state={alert.state} /> },
        { id: 'opened', label: 'Opened', cell: (alert) => <When ms={alert.opened_ms} /> },
        ...(props.withoutMonitor
          ? []
          : [{ id: 'monitor', label: 'Monitor', cell: (alert: Alert) => <a href={monitorPath(alert.monitor)}>{alert.monitor}</a> }]),
        { id: 'kind', label: 'Kind', cell: (alert) => alert.kind },
        { id: 'feature', label: 'Feature', cell: (alert) => alert.feature ?? <span class="muted">–</span> },
        { id: 'value', label: 'Value', number: true, cell: (alert) => measure(alert.value, 3) },
        { id: 'threshold', label: 'Limit', number: true, cell: (alert) => measure(alert.threshold, 3) },
        { id: 'message', label: 'Message', grow: true, cell: (alert) => <span title={alert.message}>{alert.message}</span> },
        {
          id: 'run',
          label: 'Led to',
          cell: (alert) =>
            alert.pipeline_run ? <a href={pipelineRunPath(alert.pipeline_run)}>run {shortId(alert.pipeline_run)}</a> : <span class="muted">–</span>,
        },
      ]}
    />
  );
}
