/** Every alert of every monitor. */
import { listAlerts, type AlertState } from '../api/monitors';
import { cli } from '../cli';
import { AlertTable } from '../components/alert-table';
import { Choice, Empty, Page, Section, Shown } from '../components/basics';
import { nouns } from '../nouns';
import { useRead } from '../query';
import { place, setQuery } from '../router';

export function Alerts() {
  const wanted = place.value.query.get('state') ?? 'all';
  const state = wanted === 'open' || wanted === 'closed' ? (wanted as AlertState) : undefined;
  const alerts = useRead(`alerts:${wanted}`, (signal) => listAlerts({ state }, signal), { on: nouns.alert });
  return (
    <Page title="Alerts" sub="Raised when a feature drifts or performance falls beyond its limit.">
      <div class="toolbar">
        <Choice
          label="State"
          value={state ?? 'all'}
          options={[
            { value: 'all', label: 'All' },
            { value: 'open', label: 'Open' },
            { value: 'closed', label: 'Closed' },
          ]}
          onChange={(value) => setQuery({ state: value === 'all' ? undefined : value })}
        />
      </div>
      <Section title="Alerts" flush>
        <Shown read={alerts}>
          {(list) =>
            list.length === 0 ? (
              <Empty title={state === 'open' ? 'No open alert.' : 'No alert so far.'} command={state ? undefined : cli.quickDemo}>
                A monitor raises one when live data leaves its reference or the model gets worse.
              </Empty>
            ) : (
              <AlertTable alerts={list} />
            )
          }
        </Shown>
      </Section>
    </Page>
  );
}
