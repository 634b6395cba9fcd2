#pragma once

#include <string_view>

namespace millwright::quality {

// The look of reports: system fonts, one column, tables scroll by themselves on narrow screens.
inline constexpr std::string_view kReportStyle = R"css(
:root{color-scheme:light dark;--page:#f7f7f5;--card:#fff;--ink:#1c2024;--soft:#5f6770;--line:#e1e3e6;
--good:#12794a;--bad:#b3261e;--badsoft:#fbeae8;--code:#f0f1f3}
@media(prefers-color-scheme:dark){:root{--page:#15181b;--card:#1d2125;--ink:#e8eaed;--soft:#9aa4ae;
--line:#30363c;--good:#5ac08d;--bad:#f28b82;--badsoft:#3a2523;--code:#272c31}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{max-width:960px;margin:0 auto;padding:32px 20px 64px}
h1{font-size:26px;line-height:1.2;margin:4px 0;overflow-wrap:anywhere}
h2{font-size:17px;margin:36px 0 12px}
h3{font-size:15px;font-weight:600;margin:0;overflow-wrap:anywhere}
p{margin:6px 0;overflow-wrap:anywhere}
.about,.rule,.note{color:var(--soft)}
.rule{font-size:13px;overflow-wrap:anywhere}
.verdict{display:inline-block;margin:0;padding:2px 10px;border-radius:999px;font-size:13px;
font-weight:600;color:var(--card)}
.verdict.good{background:var(--good)}.verdict.bad{background:var(--bad)}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(110px,1fr));gap:12px;
margin-top:20px}
.figures div{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:12px 16px}
.figures b{display:block;font-size:22px;font-variant-numeric:tabular-nums}
.figures span{color:var(--soft);font-size:13px}
b.good{color:var(--good)}b.bad{color:var(--bad)}
article{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:14px 16px;
margin:10px 0}
article.failed{border-left:4px solid var(--bad)}
.mark{display:inline-block;width:1.3em;color:var(--good)}
.failed .mark{color:var(--bad)}
code{background:var(--code);border-radius:5px;padding:1px 5px;font:13px/1.4 ui-monospace,monospace;
overflow-wrap:anywhere;white-space:pre-wrap}
.bar{height:5px;border-radius:3px;background:var(--code);overflow:hidden;margin:8px 0}
.bar i{display:block;height:100%;background:var(--bad)}
.error{background:var(--badsoft);border-radius:6px;padding:6px 10px;overflow-wrap:anywhere}
.examples{list-style:none;display:flex;flex-wrap:wrap;gap:6px 12px;padding:0;margin:10px 0;
font-size:13px;color:var(--soft)}
.examples code{color:var(--ink)}
details{margin-top:8px}
summary{cursor:pointer;color:var(--soft);font-size:13px}
.scroll{overflow-x:auto;margin-top:8px;border:1px solid var(--line);border-radius:8px}
table{border-collapse:collapse;font-size:13px;width:100%}
th,td{text-align:left;padding:5px 10px;white-space:nowrap;border-bottom:1px solid var(--line);
font-variant-numeric:tabular-nums}
tr:last-child td{border-bottom:0}
th{color:var(--soft);font-weight:600}
.null{color:var(--soft);font-style:italic}
@media(max-width:480px){main{padding:20px 12px 48px}h1{font-size:21px}}
@media print{body{background:none}article{break-inside:avoid}}
)css";

}  // namespace millwright::quality
