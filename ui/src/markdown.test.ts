import { expect, test } from 'vitest';
import { inlines, parseMarkdown } from './markdown';

test('blocks of every kind are told apart', () => {
  const blocks = parseMarkdown('# Card ##\n\nA *model* of\n`x`.\n\n- one\n  more\n- two\n\n1. first\n\n> said\n\n---\n```py\n# no heading\n```\n| a | b |\n|---|:-:|\n| 1 | **2** |\n');
  expect(blocks).toEqual([
    { kind: 'heading', level: 1, parts: ['Card'] },
    { kind: 'paragraph', parts: ['A ', { kind: 'em', parts: ['model'] }, ' of\n', { kind: 'code', text: 'x' }, '.'] },
    { kind: 'list', ordered: false, items: [['one more'], ['two']] },
    { kind: 'list', ordered: true, items: [['first']] },
    { kind: 'quote', blocks: [{ kind: 'paragraph', parts: ['said'] }] },
    { kind: 'rule' },
    { kind: 'code', text: '# no heading' },
    { kind: 'table', head: [['a'], ['b']], rows: [[['1'], [{ kind: 'strong', parts: ['2'] }]]] },
  ]);
});

test('links lead to the web or nowhere, and names with underscores are no emphasis', () => {
  expect(inlines('[a](https://example.org "t") [b](javascript:alert(1))')).toEqual([{ kind: 'link', to: 'https://example.org', parts: ['a'] }, ' ', 'b', ')']);
  expect(inlines('`a*b*c` and 2 * 3 * 4')).toEqual([{ kind: 'code', text: 'a*b*c' }, ' and 2 * 3 * 4']);
  expect(inlines('<b onclick="x()">no HTML</b>')).toEqual(['<b onclick="x()">no HTML</b>']);
});

test('every text ends, however it is written', () => {
  for (const text of ['#', '>', '|', '| a |\n|-', '```', '-', '1.', '***', '_'.repeat(500), '['.repeat(2_000), '**a'.repeat(300), '>'.repeat(300) + 'x']) parseMarkdown(text);
  expect(parseMarkdown('#tag')).toEqual([{ kind: 'paragraph', parts: ['#tag'] }]);
});
