/** A suite of expectations held against each window's rows: what was not as expected, and since when. */
import type { WindowValidation } from '../api/monitors';
import { percent, plural } from '../format';
import { suitePath } from '../links';
import { expectationLines } from '../series';
import { Spark } from './bars';
import { Section } from './basics';
import { Table } from './table';

export function ExpectationsByWindow(props: { windows: readonly { validation?: WindowValidation }[] }) {
  const lines = expectationLines(props.windows);
  const newest = props.windows.findLast((window) => window.validation?.suite);
  const { suite, version, broken = 0 } = newest?.validation ?? {};
  if (lines.length === 0 || !suite) return null;
  return (
    <Section
      title="Expectations"
      note={
        <>
          <a href={suitePath(suite, version)}>
            {suite}@{version}
          </a>
          , {broken === 0 ? 'all kept in the newest window' : `${plural(broken, 'expectation')} not kept in the newest window`}
        </>
      }
      flush
    >
      <Table
        label="Expectations by window"
        rows={lines}
        rowKey={(line) => line.name}
        height="420px"
        columns={[
          {
            id: 'name',
            label: 'Expected',
            grow: true,
            cell: (line) => (
              <span class="wrapped" title={line.message || undefined}>
                {line.name}
              </span>
            ),
          },
          {
            id: 'newest',
            label: 'Not so, newest',
            number: true,
            cell: (line) => <span class={line.isBroken ? 'bad-text' : ''}>{line.newest === null ? '–' : percent(line.newest, 2)}</span>,
          },
          { id: 'allowed', label: 'Allowed', number: true, spare: true, cell: (line) => percent(line.allowed, 2) },
          { id: 'broken', label: 'Windows', number: true, cell: (line) => `${line.brokenWindows}/${line.judgedWindows}` },
          { id: 'course', label: 'Course', cell: (line) => <Spark values={line.shares} limit={line.allowed} width={90} label={`Share of what is not as expected by window: ${line.name}`} /> },
        ]}
      />
    </Section>
  );
}
