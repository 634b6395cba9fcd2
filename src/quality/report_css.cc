#include "quality/report_html.h"

namespace millwright::quality {

const std::string_view kReportCss = R"css(
:root {
  color-scheme: light dark;
  --ground: #f7f7f4; --surface: #fff; --ink: #1d211f; --muted: #646b67; --line: #e3e4df;
  --strong-line: #cbcec7; --code: #eff0ec; --good: #2a7040; --bad: #b3261e; --bad-ground: #fbeae8;
  --warn: #8a5a00; --blank: #e0b25a;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --ground: #121514; --surface: #191d1b; --ink: #e6e9e6; --muted: #98a19c; --line: #2a302d;
    --strong-line: #424a46; --code: #252b28; --good: #7cc490; --bad: #f28b80;
    --bad-ground: #3a201e; --warn: #e0b25a; --blank: #8a6a24;
  }
}
* { box-sizing: border-box; margin: 0; padding: 0; }
html {
  background: var(--ground); color: var(--ink); -webkit-text-size-adjust: 100%;
  font: 15px/1.5 Inter, "Source Sans 3", "Segoe UI", "Helvetica Neue", Helvetica,
    "Liberation Sans", Arial, "DejaVu Sans", sans-serif;
  font-variant-numeric: tabular-nums lining-nums; text-rendering: optimizeLegibility;
}
main { max-width: 60rem; margin: 0 auto; padding: 3rem 1.5rem 5rem; }
code {
  font: .86em/1.4 "JetBrains Mono", "SF Mono", Menlo, Consolas, "Liberation Mono",
    "DejaVu Sans Mono", monospace;
  font-variant-ligatures: none; unicode-bidi: isolate; white-space: pre-wrap;
  overflow-wrap: anywhere; background: var(--code); border-radius: 3px; padding: .1em .25em;
  -webkit-box-decoration-break: clone; box-decoration-break: clone;
}
.column { font-weight: 650; unicode-bidi: isolate; overflow-wrap: anywhere; }
.none { color: var(--muted); }
.blank { background: var(--blank); border-radius: 1px; white-space: pre; }
.count { color: var(--muted); font-weight: 400; margin-left: .25em; }
.more, .quiet { color: var(--muted); font-size: .87rem; }

.kind { color: var(--muted); font-size: .87rem; }
h1 {
  font-size: 1.85rem; line-height: 1.2; font-weight: 650; letter-spacing: -.015em;
  overflow-wrap: anywhere; text-wrap: balance;
}
h1 span { color: var(--muted); font-weight: 400; }
.when { color: var(--muted); margin-top: .3rem; }
.verdict { margin-top: 1.75rem; padding-top: 1.25rem; border-top: 2px solid var(--ink); }
.verdict > p:first-child { font-size: 1.2rem; line-height: 1.4; text-wrap: balance; }
.verdict.passed > p:first-child strong { color: var(--good); }
.verdict.failed > p:first-child strong { color: var(--bad); }
.share-bar { display: flex; gap: 2px; height: 6px; margin: 1rem 0 1.1rem; }
.share-bar i { min-width: 3px; flex-basis: 0; border-radius: 1px; }
.share-bar .met { background: var(--good); }
.share-bar .not-met { background: var(--bad); }
.share-bar .not-judged { background: var(--warn); }
.verdict dl { display: flex; flex-wrap: wrap; gap: .75rem 2.5rem; }
.verdict dt { color: var(--muted); font-size: .87rem; }
.verdict dd { font-size: 1.3rem; line-height: 1.3; }
.verdict .not-met dd { color: var(--bad); }
.verdict .not-judged dd { color: var(--warn); }
.parameters { margin-top: 1rem; color: var(--muted); font-size: .87rem; }

h2 { font-size: 1.2rem; font-weight: 650; letter-spacing: -.005em; margin: 3rem 0 .9rem; }
article {
  background: var(--surface); border: 1px solid var(--line); border-radius: 6px;
  padding: 1rem 1.25rem 1.15rem; margin-top: .75rem;
}
h3 { font-size: 1.05rem; line-height: 1.5; font-weight: 400; overflow-wrap: anywhere; }
h4 { font-size: .87rem; font-weight: 400; color: var(--muted); }
.type { color: var(--muted); font-size: .8rem; overflow-wrap: anywhere; }
.note { margin-top: .4rem; color: var(--muted); font-style: italic; overflow-wrap: anywhere; }
.raised {
  margin-top: .75rem; color: var(--warn); white-space: pre-wrap; overflow-wrap: anywhere;
}
.extent {
  display: grid; grid-template-columns: 12rem 1fr; gap: .35rem 1rem; align-items: center;
  margin-top: .8rem;
}
.bar { position: relative; height: 8px; border-radius: 2px; background: var(--line); }
.bar i {
  position: absolute; inset: 0 auto 0 0; min-width: 2px; border-radius: 2px;
  background: var(--bad);
}
.bar b { position: absolute; top: -3px; bottom: -3px; width: 2px; background: var(--ink); }
.extent strong { font-weight: 650; }
.share { color: var(--bad); margin-left: .35em; }
.remark { color: var(--muted); font-size: .87rem; white-space: nowrap; }
.remark::before { content: "·"; margin: 0 .45em; }
.quiet { margin-top: .6rem; }
.history { margin-top: .7rem; text-indent: 0; display: flex; align-items: flex-end; gap: .6rem; }
.history > .remark::before { content: none; }
li .history { margin-top: .15rem; }
.history-bars { overflow: visible; }
.history-bars .met { fill: var(--good); }
.history-bars .not-met { fill: var(--bad); }
.history-bars .not-judged { fill: var(--warn); }
.said {
  list-style: none; margin-top: .7rem; padding-left: .8rem; border-left: 2px solid var(--strong-line);
}
.said li, .groups .said li { padding: .1rem 0; text-indent: 0; overflow-wrap: anywhere; }
.groups .said li::before { content: none; }
.said time { color: var(--muted); font-size: .8rem; margin: 0 .4em; }
.values {
  display: grid; grid-template-columns: 12rem 1fr; gap: .3rem 1rem; align-items: baseline;
  margin-top: .7rem;
}
.values ul { list-style: none; display: flex; flex-wrap: wrap; gap: .3rem .8rem; }
.times { color: var(--muted); font-size: .87rem; margin-left: .3em; }

details { margin-top: .9rem; }
summary { cursor: pointer; font-size: .87rem; color: var(--muted); }
summary:hover { color: var(--ink); }
summary:focus-visible, .scroll:focus-visible { outline: 2px solid var(--good); outline-offset: 2px; }
.scroll { overflow-x: auto; margin-top: .5rem; }
table { border-collapse: collapse; font-size: .84rem; line-height: 1.4; }
th, td {
  text-align: left; padding: .28rem .9rem .28rem 0; border-bottom: 1px solid var(--line);
  white-space: nowrap; vertical-align: baseline;
}
th { color: var(--muted); font-weight: 400; border-bottom-color: var(--strong-line); }
td code { background: none; padding: 0; white-space: pre; font-size: .92em; }
th.number, td.number { text-align: right; }
th.fault, td.fault { background: var(--bad-ground); padding-left: .6rem; padding-right: .6rem; }
th.fault { color: var(--bad); font-weight: 650; }
.fault + * { padding-left: .9rem; }
td.met { color: var(--good); }
td.not-met { color: var(--bad); }

.groups { border-top: 1px solid var(--line); }
.groups > div {
  display: grid; grid-template-columns: 12rem 1fr; gap: .2rem 1rem; padding: .6rem 0;
  border-bottom: 1px solid var(--line);
}
.groups ul { list-style: none; }
.groups li { overflow-wrap: anywhere; padding: .08rem 0 .08rem 1.3em; text-indent: -1.3em; }
.groups li > * { text-indent: 0; }
.groups li::before {
  content: "✓"; display: inline-block; width: 1.3em; text-indent: 0; color: var(--good);
}
.groups .column, .groups dt { overflow-wrap: anywhere; }

@media (max-width: 640px) {
  main { padding: 1.5rem 1rem 3rem; }
  h1 { font-size: 1.5rem; }
  h2 { margin-top: 2.25rem; }
  article { padding: .85rem .9rem 1rem; }
  .extent, .values, .groups > div { grid-template-columns: 1fr; }
  .verdict dl { gap: .6rem 1.75rem; }
  .remark { white-space: normal; }
}
@media print {
  :root { --ground: #fff; --line: #ccc; }
  html { font-size: 10.5px; -webkit-print-color-adjust: exact; print-color-adjust: exact; }
  main { max-width: none; padding: 0; }
  article, .groups > div, tr { break-inside: avoid; }
  h2, h3, thead { break-after: avoid; }
  .scroll { overflow: visible; }
  td, th { white-space: normal; overflow-wrap: anywhere; }
  details::details-content { content-visibility: visible; display: block; }
}
)css";

}  // namespace millwright::quality
