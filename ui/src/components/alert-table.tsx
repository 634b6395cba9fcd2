/** Alerts as rows, with what they led to. */
import type { Alert } from '../api/monitors';
import { measure, shortId } from '../format';
import { alertPath, pipelineRunPath } from '../links';
import { Badge, When } from './basics';
import { Table } from './table';

/** The state that is worth saying: flapping and acknowledged ones fire too. */
export function AlertState(props: { alert: Alert }) {
  const { alert } = props;
  const state = alert.flapping ? 'flapping' : alert.phase;
  return <Badge state={state} label={alert.acknowledged && alert.phase !== 'resolved' ? `${state}, seen to` : undefined} />;
}

export function AlertTable(props: { alerts: readonly Alert[]; withoutMonitor?: boolean }) {
  return (
    <Table
      label="Alerts"
      rows={props.alerts}
      rowKey={(alert) => alert.id}
      to={(alert) => alertPath(alert.id)}
      columns={[
        { id: 'state', label: 'State', cell: (alert) => <AlertState alert={alert} /> },
        { id: 'opened', label: 'Opened', cell: (alert) => <When ms={alert.opened_ms} /> },
        ...(props.withoutMonitor
          ? []
          : [
              { id: 'rule', label: 'Rule', cell: (alert: Alert) => <a href={alertPath(alert.id)}>{alert.rule}</a> },
              { id: 'severity', label: 'Severity', cell: (alert: Alert) => <Badge state={alert.severity} /> },
            ]),
        { id: 'feature', label: 'Feature', spare: true, cell: (alert) => alert.feature || <span class="muted">–</span> },
        { id: 'value', label: 'Value', number: true, cell: (alert) => (alert.value === undefined ? '–' : measure(alert.value, 3)) },
        { id: 'threshold', label: 'Limit', number: true, cell: (alert) => (alert.threshold === undefined ? '–' : measure(alert.threshold, 3)) },
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
