/** The datasets and their latest versions. */
import { listDatasets, listHeld } from '../api/datasets';
import { cli } from '../cli';
import { Badge, Empty, Page, Section, Shown, When } from '../components/basics';
import { Table } from '../components/table';
import { bytes, count } from '../format';
import { datasetPath } from '../links';
import { nouns } from '../nouns';
import { useRead } from '../query';

export function Datasets() {
  const datasets = useRead('datasets', listDatasets, { on: nouns.dataset });
  const held = useRead('held', listHeld, { on: nouns.dataset });
  return (
    <Page title="Datasets" sub="Archived bytes, their versions, profiles and validations.">
      <div class="panel flush">
        <Shown read={datasets}>
          {(list) =>
            list.length === 0 ? (
              <Empty title="No dataset yet." command={cli.upload}>
                A source archives raw bytes first, then reads them into a dataset version.
              </Empty>
            ) : (
              <Table
                label="Datasets"
                rows={list}
                rowKey={(dataset) => dataset.name}
                to={(dataset) => datasetPath(dataset.name)}
                columns={[
                  { id: 'name', label: 'Dataset', cell: (dataset) => <a href={datasetPath(dataset.name)}>{dataset.name}</a> },
                  { id: 'version', label: 'Latest', number: true, cell: (dataset) => `@${dataset.latest_version}` },
                  { id: 'state', label: 'State', cell: (dataset) => <Badge state={dataset.state} /> },
                  { id: 'rows', label: 'Rows', number: true, cell: (dataset) => count(dataset.row_count) },
                  { id: 'bytes', label: 'Size', number: true, cell: (dataset) => bytes(dataset.bytes) },
                  { id: 'created', label: 'Made', cell: (dataset) => <When ms={dataset.created_ms} /> },
                  { id: 'source', label: 'Source', grow: true, cell: (dataset) => <span class="muted" title={dataset.source}>{dataset.source}</span> },
                ]}
              />
            )
          }
        </Shown>
      </div>
      {held.data && held.data.length > 0 && (
        <Section title="Held" note="versions that nobody takes" flush>
          <Table
            label="Held versions"
            rows={held.data}
            rowKey={(version) => `${version.dataset}@${version.version}`}
            to={(version) => datasetPath(version.dataset, version.version)}
            columns={[
              { id: 'version', label: 'Version', cell: (version) => <a href={datasetPath(version.dataset, version.version)}>{`${version.dataset}@${version.version}`}</a> },
              { id: 'state', label: 'State', cell: (version) => <Badge state={version.state} /> },
              { id: 'rows', label: 'Rows', number: true, cell: (version) => count(version.row_count) },
              { id: 'made', label: 'Made', cell: (version) => <When ms={version.created_ms} /> },
              { id: 'why', label: 'Why', grow: true, cell: (version) => <span title={version.state_reason}>{version.state_reason}</span> },
            ]}
          />
        </Section>
      )}
    </Page>
  );
}
