/** The registered models. */
import { searchRegisteredModels } from '../api/mlflow';
import { cli } from '../cli';
import { Chip, Empty, Page, Shown, When } from '../components/basics';
import { Table } from '../components/table';
import { modelPath } from '../links';
import { nouns } from '../nouns';
import { useRead } from '../query';

export function Models() {
  const models = useRead('models', searchRegisteredModels, { on: nouns.model });
  return (
    <Page title="Models" sub="Registered models, their versions and who may speak for them.">
      <div class="panel flush">
        <Shown read={models}>
          {(list) =>
            list.length === 0 ? (
              <Empty title="No model is registered." command={cli.quickDemo}>
                Register one with <code>mlflow.register_model</code>, or watch the demo do it.
              </Empty>
            ) : (
              <Table
                label="Models"
                rows={list}
                rowKey={(model) => model.name}
                to={(model) => modelPath(model.name)}
                columns={[
                  { id: 'name', label: 'Model', cell: (model) => <a href={modelPath(model.name)}>{model.name}</a> },
                  {
                    id: 'latest',
                    label: 'Latest',
                    number: true,
                    cell: (model) => {
                      const latest = Math.max(0, ...(model.latest_versions ?? []).map((version) => Number(version.version)));
                      return latest > 0 ? `v${latest}` : '–';
                    },
                  },
                  {
                    id: 'aliases',
                    label: 'Aliases',
                    cell: (model) =>
                      (model.aliases ?? []).map((alias) => (
                        <Chip key={alias.alias} strong={alias.alias === 'champion'}>
                          {alias.alias} → v{alias.version}
                        </Chip>
                      )),
                  },
                  { id: 'description', label: 'Description', grow: true, cell: (model) => <span class="muted">{model.description}</span> },
                  { id: 'updated', label: 'Updated', cell: (model) => <When ms={model.last_updated_timestamp} /> },
                ]}
              />
            )
          }
        </Shown>
      </div>
    </Page>
  );
}
