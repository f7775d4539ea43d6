// Puts the views together and follows the address.

const made = new Set();
const makers = { overview, table: tableView, samples: samplesView };

function follow() {
  const { view, task, id } = addressed();
  for (const name of Object.keys(makers)) {
    page(`view-${name}`).hidden = name !== view;
    page(`tab-${name}`).setAttribute("aria-selected", name === view);
    page(`tab-${name}`).tabIndex = name === view ? 0 : -1;
  }
  if (!made.has(view)) {
    made.add(view);
    makers[view]();
  }
  if (task !== undefined && id === undefined) unfilter(data.tasks[task].task);
  if (task !== undefined && id !== undefined) open(task, id);
  else if (view === "samples" && browser.at < 0) missing();
}

function go(view) {
  // Back to the sample that was open, if there is one.
  const current = view === "samples" ? browser.found[browser.at] : undefined;
  location.hash = current ? address(data.tasks[current[0]].task, data.tasks[current[0]].ids[current[1]]) : view;
}

function pressed(event) {
  const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
  if (typing && event.key === "Escape") event.target.blur();
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const views = Object.keys(makers),
    view = addressed().view;
  if ("123".includes(event.key)) go(views[Number(event.key) - 1]);
  else if (event.key === "/") {
    event.preventDefault();
    if (view === "overview") go("samples");
    setTimeout(() => page(addressed().view === "table" ? "table-words" : "sample-words").focus());
  } else if (view === "samples" && (event.key === "j" || event.key === "k")) {
    const at = browser.at + (event.key === "j" ? 1 : -1);
    if (at >= 0 && at < browser.found.length) select(at);
  }
}

function arrows(event) {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  const views = Object.keys(makers);
  const next = views[(views.indexOf(event.target.dataset.view) + step + views.length) % views.length];
  go(next);
  page(`tab-${next}`).focus();
}

function theme() {
  const dark =
    getComputedStyle(document.documentElement).colorScheme === "dark" ||
    (document.documentElement.dataset.theme === undefined && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = dark ? "light" : "dark";
}

for (const name of Object.keys(makers)) {
  page(`tab-${name}`).addEventListener("click", () => go(name));
  page(`tab-${name}`).addEventListener("keydown", arrows);
}
page("theme").addEventListener("click", theme);
document.addEventListener("keydown", pressed);
addEventListener("hashchange", follow);
document.title = `sailbench: ${runs.map((run) => run.name).join(", ")}`;
follow();
document.documentElement.dataset.ready = String(Math.round(performance.now()));
