import { describe, expect, test } from 'vitest';
import type { RunQuery, RunRow } from './api/tracking';
import { RunFeed, type RunSource } from './run-feed';

const query: RunQuery = { experiment_ids: ['1'], filter: '', order_by: [], view: 'ACTIVE_ONLY' };

const row = (i: number, values: RunRow['values'] = {}): RunRow => ({
  run_id: `r${i}`,
  run_name: `run ${i}`,
  experiment_id: '1',
  user_id: 'ann',
  status: i === 1 ? 'RUNNING' : 'FINISHED',
  lifecycle_stage: 'active',
  start_time_ms: i,
  values,
});

/** A server with so many runs, that remembers what it was asked. */
function serverOf(amount: number) {
  const asked: { columns: readonly string[]; max_results: number; filter: string }[] = [];
  const state = { amount, failing: false };
  const source: RunSource = {
    search: async (search) => {
      asked.push({ columns: search.columns, max_results: search.max_results, filter: search.filter });
      if (state.failing) throw new Error('no');
      const values = Object.fromEntries(search.columns.map((column) => [column, asked.length]));
      const ids = [...search.filter.matchAll(/'r(\d+)'/g)].map((found) => Number(found[1]));
      if (ids.length > 0) return { runs: ids.map((id) => row(id, values)) };
      const from = Number(search.page_token ?? 0);
      const to = Math.min(state.amount, from + search.max_results);
      return { runs: Array.from({ length: to - from }, (_, i) => row(from + i, values)), ...(to < state.amount ? { next_page_token: String(to) } : {}) };
    },
    count: async () => state.amount,
  };
  return { source, asked, state };
}

/** Lets everything that waits for an answer go on. */
async function settled(feed: RunFeed): Promise<void> {
  const state = () => `${feed.rows.length} ${feed.total} ${feed.ready} ${String(feed.error)}`;
  for (let before = ''; before !== state(); ) {
    before = state();
    for (let i = 0; i < 20; i += 1) await Promise.resolve();
  }
}

describe('RunFeed', () => {
  test('other columns keep the rows and their place, and are filled where somebody looks', async () => {
    const { source, asked } = serverOf(1_000);
    const feed = new RunFeed(query, ['metrics.auc'], () => {}, source);
    feed.need(300);
    await settled(feed);
    const before = feed.rows;
    feed.show(['metrics.auc', 'metrics.loss']);
    await feed.fill(200, 240, ['metrics.auc', 'metrics.loss']);
    expect(feed.rows.length).toBe(before.length);
    expect(feed.rows[210]!.values).toHaveProperty(['metrics.loss']);
    expect(asked.at(-1)!.columns).toEqual(['metrics.loss']);
    feed.need(700);
    await settled(feed);
    expect(asked.at(-1)!.columns).toEqual(['metrics.auc', 'metrics.loss']);
  });

  test('reads one page at first, and further as somebody scrolls', async () => {
    const { source, asked } = serverOf(1_000);
    const feed = new RunFeed(query, ['metrics.auc'], () => {}, source);
    feed.need(0);
    await settled(feed);
    expect([feed.rows.length, feed.length, asked.length]).toEqual([100, 1_000, 1]);
    feed.need(150);
    await settled(feed);
    expect([feed.rows.length, asked[1]!.max_results]).toEqual([600, 500]);
    feed.need(300);
    await settled(feed);
    expect(asked.length).toBe(2);
  });

  test('a jump far down reads large pages without values, and values where somebody looks', async () => {
    const { source, asked } = serverOf(100_000);
    const feed = new RunFeed(query, ['metrics.auc'], () => {}, source);
    feed.need(0);
    await settled(feed);
    feed.need(50_000);
    await settled(feed);
    expect(feed.rows.length).toBeGreaterThan(50_000);
    expect(asked.length).toBeLessThan(10);
    expect(feed.rows[50_000]!.values).toEqual({});
    await feed.fill(50_000, 50_040, ['metrics.auc', 'params.depth']);
    expect(Object.keys(feed.rows[50_000]!.values)).toEqual(['metrics.auc', 'params.depth']);
    expect(feed.rows[50_041]!.values).toEqual({});
    const before = asked.length;
    await feed.fill(50_000, 50_040, ['metrics.auc']);
    expect(asked.length).toBe(before);
  });

  test('columns beyond those of the pages are read for the rows in sight alone', async () => {
    const { source, asked } = serverOf(90);
    const many = Array.from({ length: 5_000 }, (_, i) => `metrics.m${i}`);
    const feed = new RunFeed(query, many, () => {}, source);
    feed.need(0);
    await settled(feed);
    expect(asked[0]!.columns.length).toBe(40);
    await feed.fill(0, 10, many.slice(3_000, 3_010));
    expect(asked[1]!.columns).toEqual(many.slice(3_000, 3_010));
    expect(feed.rows[5]!.values['metrics.m3005']).toBe(2);
    expect(feed.rows[5]!.values['metrics.m0']).toBe(1);
  });

  test('what changed is read again without losing what was filled in', async () => {
    const { source, state } = serverOf(3);
    const feed = new RunFeed(query, ['metrics.auc'], () => {}, source);
    feed.need(0);
    await settled(feed);
    await feed.fill(0, 3, ['params.depth']);
    state.amount = 4;
    await feed.refresh();
    expect([feed.rows.length, feed.total]).toEqual([4, 4]);
    expect(Object.keys(feed.rows[0]!.values).sort()).toEqual(['metrics.auc', 'params.depth']);
  });

  test('a list read far is not read again by itself but known to be old', async () => {
    const { source, asked } = serverOf(10_000);
    const feed = new RunFeed(query, [], () => {}, source);
    feed.need(9_000);
    await settled(feed);
    const before = asked.length;
    await feed.refresh();
    expect([feed.stale, asked.length]).toEqual([true, before]);
  });

  test('only runs under way are followed', async () => {
    const { source, asked } = serverOf(5);
    const feed = new RunFeed(query, ['metrics.auc'], () => {}, source);
    feed.need(0);
    await settled(feed);
    await feed.follow(0, 5, ['metrics.auc']);
    expect(asked[1]!.filter).toBe("attributes.run_id IN ('r1')");
  });

  test('a refusal is kept until it is tried again', async () => {
    const { source, state } = serverOf(5);
    state.failing = true;
    const feed = new RunFeed(query, [], () => {}, source);
    feed.need(0);
    await settled(feed);
    expect(feed.error?.message).toBe('no');
    state.failing = false;
    feed.retry();
    await settled(feed);
    expect([feed.error, feed.rows.length]).toEqual([undefined, 5]);
  });

  test('a file of all runs has all values', async () => {
    const { source } = serverOf(700);
    const feed = new RunFeed(query, [], () => {}, source);
    await feed.readAll(100_000, ['metrics.auc']);
    expect(feed.rows.length).toBe(700);
    expect(feed.rows.every((each) => 'metrics.auc' in each.values)).toBe(true);
  });
});
