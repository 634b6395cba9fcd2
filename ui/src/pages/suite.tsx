/** A suite by its name: what it says, the changes that are proposed, its versions, what it judges. */
import { useState } from 'preact/hooks';
import { getJson } from '../api/client';
import { getSuite, listAttachments, listComments, listProposals, listSuiteVersions, listValidations, type Suite, type SuiteComment, type SuiteProposal } from '../api/validations';
import { cli } from '../cli';
import { Badge, Empty, Facts, Page, Section, Shown, Tabs, When, currentTab } from '../components/basics';
import { DecideDialog } from '../components/check-review';
import { Table } from '../components/table';
import { datasetPath, suitePath, validationPath } from '../links';
import { nouns } from '../nouns';
import { useRead } from '../query';
import { place } from '../router';

export function SuitePage(props: { name: string }) {
  const version = Number(place.value.query.get('version')) || undefined;
  const suite = useRead(`suite:${props.name}:${version ?? ''}`, (signal) => getSuite(props.name, version, signal), { on: nouns.suite });
  const proposals = useRead(`suite-proposals:${props.name}`, (signal) => listProposals(props.name, signal), { on: nouns.suite });
  const comments = useRead(`suite-comments:${props.name}`, (signal) => listComments(props.name, signal), { on: nouns.suite });
  const tab = currentTab(['checks', 'proposals', 'versions', 'judges', 'validations']);
  const open = (proposals.data ?? []).filter((each) => each.state === 'open').length;
  return (
    <Page title={props.name} sub="A suite of expectations." trail={[{ label: 'Datasets', to: '/datasets' }]}>
      <Shown read={suite} rows={8}>
        {(data) => (
          <>
            <Facts
              items={[
                ['Version', version ? `${data.version}, an earlier one` : data.version],
                ['Checks', data.checks.length],
                ['Open proposals', open],
              ]}
            />
            <Tabs
              current={tab}
              tabs={[
                { id: 'checks', label: 'Checks', amount: data.checks.length },
                { id: 'proposals', label: 'Proposals', amount: open },
                { id: 'versions', label: 'Versions' },
                { id: 'judges', label: 'Judges' },
                { id: 'validations', label: 'Validations' },
              ]}
            />
            {tab === 'checks' && <ChecksTab suite={data} comments={comments.data ?? []} proposals={proposals.data ?? []} />}
            {tab === 'proposals' && <ProposalsTab proposals={proposals.data ?? []} changed={proposals.reload} />}
            {tab === 'versions' && <VersionsTab name={props.name} current={data.version} />}
            {tab === 'judges' && <JudgesTab name={props.name} />}
            {tab === 'validations' && <ValidationsTab name={props.name} />}
          </>
        )}
      </Shown>
    </Page>
  );
}

function ChecksTab(props: { suite: Suite; comments: readonly SuiteComment[]; proposals: readonly SuiteProposal[] }) {
  const of = (list: readonly { expectation: string }[], name: string) => list.filter((each) => each.expectation === name).length;
  return (
    <Section title="Checks" flush>
      <Table
        label="Checks"
        rows={props.suite.checks}
        rowKey={(check) => check.name}
        columns={[
          { id: 'name', label: 'Check', cell: (check) => <code>{check.name}</code> },
          { id: 'says', label: 'Says', grow: true, cell: (check) => <span title={check.says}>{check.says}</span> },
          { id: 'comments', label: 'Comments', number: true, cell: (check) => of(props.comments, check.name) || '' },
          { id: 'proposals', label: 'Proposals', number: true, cell: (check) => of(props.proposals, check.name) || '' },
        ]}
      />
    </Section>
  );
}

function ProposalsTab(props: { proposals: readonly SuiteProposal[]; changed: () => void }) {
  const self = useRead('self', (signal) => getJson<{ verified?: boolean }>('/api/v1/me', {}, signal));
  const [deciding, setDeciding] = useState<{ proposal: SuiteProposal; verb: 'accept' | 'reject' } | undefined>();
  const close = () => {
    setDeciding(undefined);
    props.changed();
  };
  return (
    <Section title="Proposals" note="made on the pages of validations" flush>
      {props.proposals.length === 0 ? (
        <Empty title="Nobody holds a check to be wrong." />
      ) : (
        <Table
          label="Proposals"
          rows={[...props.proposals].sort((a, b) => Number(b.state === 'open') - Number(a.state === 'open') || b.created_ms - a.created_ms)}
          rowKey={(each) => each.id}
          columns={[
            { id: 'state', label: 'State', cell: (each) => <Badge state={each.state} label={each.state === 'open' ? 'proposed' : each.state} /> },
            { id: 'check', label: 'Check', cell: (each) => <code>{each.expectation}</code> },
            { id: 'change', label: 'Change', cell: (each) => each.words },
            { id: 'who', label: 'Who', cell: (each) => each.who },
            { id: 'when', label: 'When', cell: (each) => <When ms={each.created_ms} /> },
            { id: 'why', label: 'Why', grow: true, cell: (each) => <span title={each.reason}>{each.reason}</span> },
            {
              id: 'decide',
              label: 'Decision',
              cell: (each) =>
                each.state === 'open' ? (
                  <>
                    <button type="button" class="link" onClick={() => setDeciding({ proposal: each, verb: 'accept' })}>
                      Accept
                    </button>{' '}
                    <button type="button" class="link" onClick={() => setDeciding({ proposal: each, verb: 'reject' })}>
                      Reject
                    </button>
                  </>
                ) : (
                  <span class="muted">
                    {each.decided_by}
                    {each.decision ? `: ${each.decision}` : ''}
                  </span>
                ),
            },
          ]}
        />
      )}
      {deciding && <DecideDialog {...deciding} verified={self.data?.verified === true} close={close} />}
    </Section>
  );
}

function VersionsTab(props: { name: string; current: number }) {
  const versions = useRead(`suite-versions:${props.name}`, (signal) => listSuiteVersions(props.name, signal), { on: nouns.suite });
  return (
    <Section title="Versions" flush>
      <Shown read={versions}>
        {(list) => (
          <Table
            label="Versions"
            rows={list}
            rowKey={(each) => each.version}
            current={(each) => each.version === props.current}
            to={(each) => suitePath(props.name, each.version)}
            columns={[
              { id: 'version', label: 'Version', cell: (each) => <a href={suitePath(props.name, each.version)}>{`v${each.version}`}</a> },
              { id: 'checks', label: 'Checks', number: true, cell: (each) => each.expectations },
              { id: 'who', label: 'Who', cell: (each) => each.who },
              { id: 'when', label: 'When', cell: (each) => <When ms={each.created_ms} /> },
              { id: 'why', label: 'Why', grow: true, cell: (each) => <span title={each.reason}>{each.reason}</span> },
            ]}
          />
        )}
      </Shown>
    </Section>
  );
}

function JudgesTab(props: { name: string }) {
  const attachments = useRead('suite-attachments', listAttachments, { on: nouns.suite });
  const own = (attachments.data ?? []).filter((each) => each.suite === props.name);
  return (
    <Section title="Judges every new version of" flush>
      <Shown read={attachments} rows={1}>
        {() =>
          own.length === 0 ? (
            <Empty title="It is attached to nothing." command={`millwright quality attach ${props.name} --dataset NAME`} />
          ) : (
            <Table
              label="Judges"
              rows={own}
              rowKey={(each) => `${each.dataset ?? ''} ${each.source ?? ''}`}
              columns={[
                { id: 'target', label: 'Dataset or source', cell: (each) => (each.dataset ? <a href={datasetPath(each.dataset)}>{each.dataset}</a> : `source ${each.source}`) },
                { id: 'action', label: 'On failure', cell: (each) => each.on_failure },
                { id: 'since', label: 'Since', cell: (each) => <When ms={each.created_ms} /> },
                { id: 'who', label: 'By', grow: true, cell: (each) => each.who },
              ]}
            />
          )
        }
      </Shown>
    </Section>
  );
}

function ValidationsTab(props: { name: string }) {
  const validations = useRead('validations:', (signal) => listValidations(undefined, signal), { on: nouns.validation });
  const own = (validations.data ?? []).filter((each) => each.suite === props.name);
  return (
    <Section title="Validations" note="the newest" flush>
      <Shown read={validations}>
        {() =>
          own.length === 0 ? (
            <Empty title="It has judged nothing lately." command={cli.validate('DATASET')} />
          ) : (
            <Table
              label="Validations"
              rows={own}
              rowKey={(each) => each.id}
              to={(each) => validationPath(each.id)}
              columns={[
                { id: 'success', label: 'Result', cell: (each) => <Badge state={each.success ? 'passed' : 'failed'} /> },
                { id: 'dataset', label: 'Judged', cell: (each) => <a href={validationPath(each.id)}>{each.version ? `${each.dataset}@${each.version}` : each.dataset}</a> },
                { id: 'suite', label: 'Suite', cell: (each) => (each.suite_version ? `v${each.suite_version}` : '') },
                { id: 'unsuccessful', label: 'Failed', number: true, cell: (each) => <span class={each.unsuccessful > 0 ? 'bad-text' : ''}>{`${each.unsuccessful} of ${each.evaluated}`}</span> },
                { id: 'created', label: 'When', grow: true, cell: (each) => <When ms={each.created_ms} /> },
              ]}
            />
          )
        }
      </Shown>
    </Section>
  );
}
