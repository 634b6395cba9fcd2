/** The monitors that say how an endpoint, or a model, does. */
import { listMonitors } from '../api/monitors';
import { monitorPath, newMonitorPath } from '../links';
import { nouns } from '../nouns';
import { useRead } from '../query';

export function HealthLinks(props: { endpoint?: string; model?: string; version?: string }) {
  const monitors = useRead('monitors', listMonitors, { on: nouns.monitor });
  if (!monitors.data) return null;
  const mine = monitors.data.filter((monitor) => (props.endpoint ? monitor.endpoint === props.endpoint : monitor.model === props.model));
  if (mine.length === 0) {
    return props.endpoint ? (
      <a class="button" href={newMonitorPath(props.endpoint)}>
        Watch
      </a>
    ) : null;
  }
  // Of a version: what it answered, out of all that the endpoint did.
  const where = props.version ? `model_version = '${props.version.replace(/'/g, "''")}'` : undefined;
  return (
    <>
      {mine.map((monitor) => (
        <a key={monitor.name} class="button" href={monitorPath(monitor.name, { where })}>
          Health{mine.length > 1 ? ` (${monitor.name})` : ''}
        </a>
      ))}
    </>
  );
}
