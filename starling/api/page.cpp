#include "starling/api/page.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>

namespace starling {
namespace {

constexpr std::string_view page_html = R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Starling</title>
<link rel="stylesheet" href="/starling.css">
<script src="/starling.js" defer></script>
</head>
<body>
<header><h1>Starling</h1><p id="fleet">…</p></header>
<main>
<section aria-labelledby="alarms-title" id="alarms-section" hidden><h2 id="alarms-title">Alarms</h2>
<table><thead><tr><th>Kind</th><th>Node</th><th>Since</th><th>What to do</th></tr></thead><tbody id="alarms"></tbody></table>
<p class="hint"><code>starling alarms</code> shows the same.</p></section>
<section aria-labelledby="nodes-title"><h2 id="nodes-title">Nodes</h2>
<table><thead><tr><th>Name</th><th>Role</th><th>State</th><th>Applied</th><th>Healthy</th><th>Trouble</th></tr></thead>
<tbody id="nodes"></tbody></table>
<p class="hint"><code>starling nodes</code> shows the same.</p></section>
<section aria-labelledby="changes-title"><h2 id="changes-title">Last changes</h2>
<table><thead><tr><th>When</th><th>By</th><th>What</th><th>State</th></tr></thead><tbody id="changes"></tbody></table>
<p class="hint"><code>starling history</code> shows the same.</p></section>
</main>
<footer aria-live="polite" id="link">connecting</footer>
</body>
</html>
)";

constexpr std::string_view page_css =
    R"(:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1 { margin: 0; font-size: 1.6rem; }
h2 { font-size: 1.1rem; margin-top: 2rem; }
table { width: 100%; border-collapse: collapse; }
th, td { text-align: left; padding: .35rem .6rem; border-bottom: 1px solid color-mix(in srgb, currentColor 18%, transparent); }
td { font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.up { color: #0a7a3d; } .down { color: #b3261e; }
.hint, footer, #fleet { opacity: .7; font-size: .9rem; }
)";

// Everything from the API goes through textContent: a name can't become markup.
constexpr std::string_view page_js = R"('use strict';
const cell = (row, text, cls) => { const td = row.insertCell(); td.textContent = text; if (cls) td.className = cls; };
const age = (ms) => ms < 1000 ? ms + ' ms' : ms < 60000 ? Math.round(ms / 1000) + ' s' : ms < 3600000 ? Math.round(ms / 60000) + ' min' : Math.round(ms / 3600000) + ' h';
const fact = (f) => f ? f.revision.slice(0, 8) + ' · ' + age(f.age_ms) : '–';
const get = async (path) => { const r = await fetch(path); if (!r.ok) throw new Error(path + ': ' + r.status); return r.json(); };
let drawing = false, again = false;
async function draw() {
  if (drawing) { again = true; return; }
  drawing = true;
  try {
    const [status, nodes, changes] = await Promise.all([get('/v1/status'), get('/v1/nodes'), get('/v1/changes?limit=20')]);
    document.getElementById('fleet').textContent = 'fleet ' + status.fleet + ' · ' + status.online + ' of ' + status.members +
      ' online · revision ' + (status.revision ? status.revision.slice(0, 8) : 'none') + ' · ' + status.conflicts + ' conflicts';
    document.getElementById('alarms-section').hidden = status.alarms.length === 0;
    const alarmRows = document.getElementById('alarms'); alarmRows.replaceChildren();
    for (const a of status.alarms) {
      const row = alarmRows.insertRow();
      cell(row, a.kind, 'down'); cell(row, a.name || a.peer.slice(-8)); cell(row, age(a.age_ms)); cell(row, a.message);
    }
    const nodeRows = document.getElementById('nodes'); nodeRows.replaceChildren();
    for (const n of nodes.nodes) {
      const row = nodeRows.insertRow();
      cell(row, n.name); cell(row, n.role); cell(row, n.online ? 'online' : 'offline', n.online ? 'up' : 'down');
      cell(row, fact(n.applied)); cell(row, fact(n.healthy)); cell(row, n.error || n.held || '');
    }
    const changeRows = document.getElementById('changes'); changeRows.replaceChildren();
    for (const c of changes.changes) {
      const row = changeRows.insertRow();
      cell(row, c.time.replace('T', ' ').slice(0, 19)); cell(row, c.author_name || c.author.slice(-8));
      cell(row, c.message || c.edits.slice(0, 4).map((e) => e.op + ' ' + e.path).join(', ') + (c.edits.length > 4 ? ' …' : ''));
      cell(row, c.state + (c.reason ? ': ' + c.reason : ''));
    }
  } catch (error) { document.getElementById('link').textContent = String(error); }
  drawing = false;
  if (again) { again = false; draw(); }
}
const events = new EventSource('/v1/events');
events.onopen = () => { document.getElementById('link').textContent = 'live'; draw(); };
events.onerror = () => { document.getElementById('link').textContent = 'connection lost, trying again'; };
for (const type of ['change', 'revision', 'node', 'dataplane', 'charter', 'fork', 'ruling', 'state-differs', 'alarm', 'gap']) events.addEventListener(type, draw);
setInterval(draw, 5000);
draw();
)";

struct PageFile {
  std::string_view path;
  std::string_view content_type;
  std::string_view body;
};
constexpr std::array files{
    PageFile{"/", "text/html; charset=utf-8", page_html},
    PageFile{"/starling.css", "text/css; charset=utf-8", page_css},
    PageFile{"/starling.js", "text/javascript; charset=utf-8", page_js},
};

// The weight that an Accept header gives to a media type, by the most exact of its ranges that fits (RFC
// 9110, 12.5.1).
double weight(std::string_view accept, std::string_view type) {
  const std::string_view main_type = type.substr(0, type.find('/'));
  double best = 0;
  int exactness = -1;
  while (!accept.empty()) {
    const std::size_t comma = accept.find(',');
    std::string_view range = accept.substr(0, comma);
    accept = comma == std::string_view::npos ? std::string_view() : accept.substr(comma + 1);
    range.remove_prefix(std::min(range.find_first_not_of(' '), range.size()));
    const std::size_t q = range.find("q=");
    const double value =
        q == std::string_view::npos ? 1.0 : std::strtod(std::string(range.substr(q + 2)).c_str(), nullptr);
    const std::string_view name = range.substr(0, range.find_first_of("; "));
    const int fits = name == type ? 2 : name == std::string(main_type) + "/*" ? 1 : name == "*/*" ? 0 : -1;
    if (fits > exactness) {
      exactness = fits;
      best = value;
    }
  }
  return exactness < 0 ? 0 : best;
}

bool prefers_html(const HttpRequest& request) {
  const std::string_view accept = request.header("accept");
  return weight(accept, "text/html") > weight(accept, "application/json");
}

}  // namespace

std::optional<HttpResponse> page_file(const HttpRequest& request) {
  const auto* file = std::ranges::find(files, std::string_view(request.path), &PageFile::path);
  if (file == files.end() || (file->path == "/" && !prefers_html(request))) return std::nullopt;
  HttpResponse response;
  response.content_type = std::string(file->content_type);
  response.body = std::string(file->body);
  response.headers["Content-Security-Policy"] =
      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; "
      "form-action 'none'; "
      "frame-ancestors 'none'";
  response.headers["Vary"] = "Accept";
  response.headers["Cache-Control"] = "no-store";
  return response;
}

}  // namespace starling
