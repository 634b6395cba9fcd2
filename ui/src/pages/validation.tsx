/** What one suite said of one dataset version: every expectation, and the rows that broke one. */
import type { ComponentChildren } from 'preact';
import type { Cell } from '../api/datasets';
import { getJson } from '../api/client';
import { getHistory, getValidation, listComments, listProposals, validationReportUrl, type ExpectationResult } from '../api/validations';
import { Badge, Choice, Facts, Page, Section, Shown, When } from '../components/basics';
import { CheckReview, HistoryBars } from '../components/check-review';
import { Table } from '../components/table';
import { count, grouped, inline, measure } from '../format';
import { datasetPath, suitePath } from '../links';
import { nouns } from '../nouns';
import { useRead } from '../query';
import { place, setQuery } from '../router';

const failingRowsShown = 20;
/** The first expectations not met show their rows; those of the others unfold. */
const unfolded = 2;
/** A list that was observed is named by its length beyond this. */
const observedTextMax = 60;

export function ValidationPage(props: { id: string }) {
  const validation = useRead(`validation:${props.id}`, (signal) => getValidation(props.id, signal));
  const meta = validation.data?.meta;
  const suite = meta?.suite ?? '';
  const histories = useRead(suite && meta?.dataset ? `check-history:${suite}:${meta.dataset}` : null, (signal) => getHistory(suite, meta?.dataset ?? '', signal), { on: nouns.validation });
  const comments = useRead(suite ? `suite-comments:${suite}` : null, (signal) => listComments(suite, signal), { on: nouns.suite });
  const proposals = useRead(suite ? `suite-proposals:${suite}` : null, (signal) => listProposals(suite, signal), { on: nouns.suite });
  const self = useRead('self', (signal) => getJson<{ verified?: boolean }>('/api/v1/me', {}, signal));
  const changed = () => {
    comments.reload();
    proposals.reload();
  };
  const onlyFailed = place.value.query.get('show') === 'failed';
  return (
    <Page
      title={meta?.suite ? `${meta.suite}` : 'Validation'}
      trail={[
        { label: 'Datasets', to: '/datasets' },
        ...(meta?.dataset
          ? [{ label: `${meta.dataset}@${meta.version ?? ''}`, to: `${datasetPath(meta.dataset, meta.version)}&tab=validations` }]
          : []),
      ]}
      badge={validation.data && <Badge state={validation.data.success ? 'passed' : 'failed'} />}
      actions={
        <a class="button" href={validationReportUrl(props.id)} target="_blank" rel="noopener">
          HTML report
        </a>
      }
    >
      <Shown read={validation} rows={10}>
        {(data) => (
          <>
            <Facts
              items={[
                ['Expectations', data.statistics.evaluated_expectations],
                ['Met', data.statistics.successful_expectations],
                ['Not met', data.statistics.unsuccessful_expectations],
                ['Suite', suite && <a href={suitePath(suite, meta?.suite_version)}>{`${suite}${meta?.suite_version ? ` v${meta.suite_version}` : ''}`}</a>],
                ['Judged', meta?.created_ms ? <When ms={meta.created_ms} both /> : undefined],
              ]}
            />
            <Section
              title="Expectations"
              tools={
                <Choice
                  label="Which"
                  value={onlyFailed ? 'failed' : 'all'}
                  options={[
                    { value: 'all', label: 'All' },
                    { value: 'failed', label: 'Failed' },
                  ]}
                  onChange={(value) => setQuery({ show: value === 'failed' ? 'failed' : undefined })}
                />
              }
              flush
            >
              <ul class="expectations">
                {data.results
                  .map((result, i) => ({ result, key: data.expectations[i] ?? String(i) }))
                  .sort((a, b) => Number(a.result.success) - Number(b.result.success))
                  .filter((each) => !onlyFailed || !each.result.success)
                  .map(({ result, key }, i) => (
                    <Expectation key={key} name={key} result={result} open={i < unfolded}>
                      <HistoryBars validation_id={props.id} history={histories.data?.find((each) => each.expectation === key)} />
                      <CheckReview
                        suite={suite}
                        expectation={key}
                        kwargs={result.expectation_config.kwargs}
                        validation_id={props.id}
                        verified={self.data?.verified === true}
                        comments={(comments.data ?? []).filter((each) => each.expectation === key)}
                        proposals={(proposals.data ?? []).filter((each) => each.expectation === key)}
                        changed={changed}
                      />
                    </Expectation>
                  ))}
              </ul>
            </Section>
          </>
        )}
      </Shown>
    </Page>
  );
}

/** `expect_column_values_to_be_between` reads as `values to be between`. */
function wordsOf(type: string): string {
  return type.replace(/^expect_(column_pair_|multicolumn_|column_|table_)?/, '').replace(/_/g, ' ');
}

function observedText(value: unknown): string {
  const text = inline(value);
  if (text.length <= observedTextMax) return text;
  return Array.isArray(value) ? `${count(value.length)} values` : `${text.slice(0, observedTextMax)}…`;
}

function Expectation(props: { name: string; result: ExpectationResult; open: boolean; children: ComponentChildren }) {
  const { type, kwargs } = props.result.expectation_config;
  const { column, ...rest } = kwargs as { column?: string };
  const result = props.result.result ?? {};
  const rows = props.result.unexpected_rows ?? result.unexpected_rows ?? [];
  const partial = result.partial_unexpected_list ?? [];
  return (
    <li class={props.result.success ? '' : 'failed'} data-check={props.name}>
      <Badge state={props.result.success ? 'passed' : 'failed'} />
      <div class="expectation-body">
        <p>
          {column && <code class="column-name">{column}</code>} {wordsOf(type)}{' '}
          <span class="muted">
            {Object.entries(rest)
              .map(([key, value]) => `${key.replace(/_/g, ' ')} ${Array.isArray(value) && value.length > 20 ? observedText(value) : inline(value)}`)
              .join(' · ')}
          </span>
        </p>
        {!props.result.success && (
          <>
            <p class="bad-text">
              {typeof result.unexpected_count === 'number'
                ? `${count(result.unexpected_count)} of ${count(result.element_count)} values are unexpected${
                    typeof result.unexpected_percent === 'number' ? ` (${measure(result.unexpected_percent, 3)} %)` : ''
                  }`
                : result.observed_value !== undefined
                  ? `observed ${observedText(result.observed_value)}`
                  : (props.result.exception_info?.exception_message ?? 'not met')}
            </p>
            {rows.length > 0 ? (
              <FailingRows open={props.open} rows={rows} column={column} total={result.unexpected_count ?? rows.length} />
            ) : partial.length > 0 ? (
              <p class="muted">such as {partial.slice(0, 12).map(inline).join(', ')}</p>
            ) : null}
          </>
        )}
        {props.children}
      </div>
      {props.result.success && result.observed_value !== undefined && (
        <span class="muted figures" title={inline(result.observed_value)}>
          {observedText(result.observed_value)}
        </span>
      )}
    </li>
  );
}

function FailingRows(props: { open: boolean; rows: readonly Record<string, Cell>[]; column?: string; total: number }) {
  const columns = [...new Set(props.rows.flatMap((row) => Object.keys(row)))];
  const shown = props.rows.slice(0, failingRowsShown).map((row, index) => ({ row, index }));
  return (
    <details open={props.open}>
      <summary>
        Failing rows <span class="muted">{shown.length < props.total ? `${shown.length} of ${grouped(props.total)}` : shown.length}</span>
      </summary>
      <Table<{ row: Record<string, Cell>; index: number }>
        label="Failing rows"
        rows={shown}
        rowKey={(each) => each.index}
        columns={columns.map((column) => ({
          id: column,
          label: column,
          cell: (each) => {
            const cell = each.row[column];
            const text = cell === null || cell === undefined ? 'missing' : String(cell);
            return column === props.column ? <mark>{text}</mark> : cell === null ? <span class="missing">missing</span> : text;
          },
        }))}
      />
    </details>
  );
}
