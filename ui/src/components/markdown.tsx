/** Draws a Markdown file; see `markdown.ts` for what is understood of it. */
import type { ComponentChildren } from 'preact';
import { inlines, parseMarkdown, type Block, type Inline } from '../markdown';

export function Markdown(props: { text: string }) {
  return <div class="markdown">{parseMarkdown(props.text).map(block)}</div>;
}

/** One line of it, such as a description beside other things. */
export function MarkdownLine(props: { text: string }) {
  return <>{inlines(props.text).map(inline)}</>;
}

function inline(part: Inline, key: number): ComponentChildren {
  if (typeof part === 'string') return part;
  if (part.kind === 'code') return <code key={key}>{part.text}</code>;
  const parts = part.parts.map(inline);
  if (part.kind !== 'link') {
    const Mark = part.kind;
    return <Mark key={key}>{parts}</Mark>;
  }
  return (
    <a key={key} href={part.to} rel="noreferrer noopener" target="_blank">
      {parts}
    </a>
  );
}

function block(each: Block, key: number): ComponentChildren {
  switch (each.kind) {
    case 'heading': {
      // The page has a first heading and the section a second: the file's begin below.
      const Heading = `h${Math.min(6, each.level + 2)}` as 'h3';
      return <Heading key={key}>{each.parts.map(inline)}</Heading>;
    }
    case 'paragraph':
      return <p key={key}>{each.parts.map(inline)}</p>;
    case 'code':
      return (
        <pre key={key} class="text">
          {each.text}
        </pre>
      );
    case 'quote':
      return <blockquote key={key}>{each.blocks.map(block)}</blockquote>;
    case 'list': {
      const List = each.ordered ? 'ol' : 'ul';
      return (
        <List key={key}>
          {each.items.map((parts, i) => (
            <li key={i}>{parts.map(inline)}</li>
          ))}
        </List>
      );
    }
    case 'table':
      return (
        <div key={key} class="table-box">
          <table>
            <thead>
              <tr>
                {each.head.map((cell, i) => (
                  <th key={i} scope="col">
                    {cell.map(inline)}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {each.rows.map((row, i) => (
                <tr key={i}>
                  {row.map((cell, j) => (
                    <td key={j}>{cell.map(inline)}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      );
    case 'rule':
      return <hr key={key} />;
  }
}
