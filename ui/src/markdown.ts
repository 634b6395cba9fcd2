/**
 * Markdown as a tree that is drawn without ever becoming HTML text: headings, paragraphs, lists,
 * quotes, code, rules, tables, emphasis and links. What else a file holds is shown as it is written.
 */
export type Inline =
  | string
  | { kind: 'code'; text: string }
  | { kind: 'strong' | 'em' | 'del'; parts: Inline[] }
  | { kind: 'link'; to: string; parts: Inline[] };

export type Block =
  | { kind: 'heading'; level: number; parts: Inline[] }
  | { kind: 'paragraph'; parts: Inline[] }
  | { kind: 'code'; text: string }
  | { kind: 'quote'; blocks: Block[] }
  | { kind: 'list'; ordered: boolean; items: Inline[][] }
  | { kind: 'table'; head: Inline[][]; rows: Inline[][][] }
  | { kind: 'rule' };

const depthMax = 8;
// In the order in which they bind: code first, for nothing in it means anything.
const spans = /(`+)([^`]|[^`][\s\S]*?[^`])\1(?!`)|\[([^\][]*)\]\(\s*<?([^\s)>]+)>?[^)]*\)|(\*\*|__)(?=\S)([\s\S]*?\S)\5|(~~)(?=\S)([\s\S]*?\S)\7|([*_])(?=\S)([\s\S]*?\S)\9(?![\p{L}\p{N}])/u;

/** Only addresses of the web lead anywhere; others are text. */
const isSafe = (to: string) => /^https?:\/\//i.test(to);

export function inlines(text: string, depth = 0): Inline[] {
  const parts: Inline[] = [];
  let rest = text;
  while (rest !== '') {
    const found = depth < depthMax ? spans.exec(rest) : null;
    if (!found) {
      parts.push(rest);
      break;
    }
    const [whole, , code, label, to, , strong, , struck, , em] = found;
    if (found.index > 0) parts.push(rest.slice(0, found.index));
    if (code !== undefined) parts.push({ kind: 'code', text: code.replace(/^ (.*) $/s, '$1') });
    else if (to !== undefined) parts.push(isSafe(to) ? { kind: 'link', to, parts: inlines(label!, depth + 1) } : label || to);
    else if (strong !== undefined) parts.push({ kind: 'strong', parts: inlines(strong, depth + 1) });
    else if (struck !== undefined) parts.push({ kind: 'del', parts: inlines(struck, depth + 1) });
    else parts.push({ kind: 'em', parts: inlines(em!, depth + 1) });
    rest = rest.slice(found.index + whole.length);
  }
  return parts;
}

const cells = (line: string) =>
  line
    .trim()
    .replace(/^\||\|$/g, '')
    .split('|')
    .map((cell) => inlines(cell.trim()));
const isRuler = (line: string | undefined) => line !== undefined && line.includes('-') && /^\s*\|?[\s:|-]+\|?\s*$/.test(line) && line.includes('|');
const item = /^\s{0,12}(?:[-*+]|(\d{1,9})[.)])\s+(.*)$/;
const starts = /^(#{1,6}\s|\s*(```|~~~)|>|\s{0,12}(?:[-*+]|\d{1,9}[.)])\s+|\s*([-*_])(\s*\3){2,}\s*$)/;

export function parseMarkdown(text: string, depth = 0): Block[] {
  const lines = text.replace(/\r\n?/g, '\n').split('\n');
  const blocks: Block[] = [];
  let at = 0;
  const take = (while_: (line: string) => boolean) => {
    const from = at;
    while (at < lines.length && while_(lines[at]!)) at += 1;
    return lines.slice(from, at);
  };
  while (at < lines.length) {
    const line = lines[at]!;
    const heading = /^(#{1,6})\s+(.*?)\s*#*$/.exec(line);
    const fence = /^\s*(```+|~~~+)/.exec(line)?.[1];
    if (line.trim() === '') {
      at += 1;
    } else if (fence) {
      at += 1;
      const body = take((each) => !each.trimStart().startsWith(fence));
      at += 1;
      blocks.push({ kind: 'code', text: body.join('\n') });
    } else if (heading) {
      at += 1;
      blocks.push({ kind: 'heading', level: heading[1]!.length, parts: inlines(heading[2]!) });
    } else if (/^\s*([-*_])(\s*\1){2,}\s*$/.test(line)) {
      at += 1;
      blocks.push({ kind: 'rule' });
    } else if (line.startsWith('>') && depth < depthMax) {
      const quoted = take((each) => each.startsWith('>')).map((each) => each.replace(/^>\s?/, ''));
      blocks.push({ kind: 'quote', blocks: parseMarkdown(quoted.join('\n'), depth + 1) });
    } else if (item.test(line)) {
      const ordered = item.exec(line)![1] !== undefined;
      const items: string[] = [];
      for (const each of take((next) => item.test(next) || (/^\s+\S/.test(next) && !/^\s*(```|~~~)/.test(next)))) {
        const begun = item.exec(each);
        if (begun) items.push(begun[2]!);
        else items[items.length - 1] += ` ${each.trim()}`;
      }
      blocks.push({ kind: 'list', ordered, items: items.map((each) => inlines(each)) });
    } else if (line.includes('|') && isRuler(lines[at + 1])) {
      const [head, , ...rows] = take((each) => each.includes('|'));
      blocks.push({ kind: 'table', head: cells(head!), rows: rows.map(cells) });
    } else {
      // At least one line, or a line that only looks like a beginning would never end.
      const first = lines[at]!;
      at += 1;
      const rest = take((each) => each.trim() !== '' && !starts.test(each));
      blocks.push({ kind: 'paragraph', parts: inlines([first, ...rest].join('\n')) });
    }
  }
  return blocks;
}
