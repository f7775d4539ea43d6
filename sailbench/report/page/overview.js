// The first view: a row a run, then the charts with what can be chosen for each.

function overview() {
  const lines = headlines(),
    tasks = lines.filter((line) => line.family !== "Means"),
    all = runs.map((_, run) => run);
  const charts = make("div", { class: "charts" }, barsChart(lines.filter(measured), all));
  const others = make("div", { class: "charts" });
  if (runs.length > 1) others.append(differenceChart(tasks));
  others.append(costChart(tasks, all));
  charts.append(others);
  page("view-overview").replaceChildren(runsTable(lines), charts, notes());
}

// A mean that no run has the benchmarks for is told in the table of benchmarks alone: here it would be empty.
function measured(line) {
  return line.family !== "Means" || line.cells.some((cell) => cell && cell.value !== null);
}

function runsTable(lines) {
  const facts = runFacts(lines.filter((line) => line.family === "Means" && measured(line)));
  const heads = ["run", ...facts.map(([name]) => name)].map((name, place) =>
    make("th", { scope: "col", class: place && WORDED.has(name) ? "words" : null }, name),
  );
  const rows = runs.map((run, place) =>
    make(
      "tr",
      {},
      make("th", { scope: "row" }, swatch(place), run.name),
      facts.map(([name, of]) =>
        make(
          "td",
          {
            class: [WORDED.has(name) && "words", WARNED.has(name) && of(run, place) !== "0" && "wrong"]
              .filter((own) => own)
              .join(" "),
          },
          of(run, place),
        ),
      ),
    ),
  );
  const table = make("table", { id: "runs" }, make("thead", {}, make("tr", {}, heads)), make("tbody", {}, rows));
  return make("div", { class: "frame", tabindex: 0, role: "region", "aria-label": "runs" }, table);
}

const WORDED = new Set(["engine", "hardware", "date"]),
  WARNED = new Set(["ungraded"]);

// What is told of a run; a column that would be empty for all is left out.
function runFacts(means) {
  const asked = (run) => Math.max(1, run.n + run.ungraded);
  const all = [
    ...means.map((line) => [line.label, (_, place) => meanShown(line.cells[place])]),
    ["benchmarks", (run) => whole(run.tasks)],
    ["graded", (run) => whole(run.n)],
    ["ungraded", (run) => whole(run.ungraded)],
    ["unparsed", (run) => whole(run.unparsed)],
    ["truncated", (run) => whole(run.truncated)],
    ["tokens in a sample", (run) => whole(run.tokens_in / asked(run))],
    ["tokens out a sample", (run) => fixed(run.tokens_out / asked(run), 1)],
    ["seconds a sample", (run) => fixed(run.seconds / asked(run))],
    ["engine", (run) => run.engine],
    ["hardware", (run) => run.hardware],
    ["date", (run) => run.date.slice(0, 16).replace("T", " ")],
  ];
  return all.filter(([, of]) => runs.some((run, place) => of(run, place) !== ""));
}

function meanShown(cell) {
  return !cell || cell.value === null ? shown(cell) : `${shown(cell)} (${cell.n} of ${cell.total})`;
}

function swatch(run) {
  return make("span", { class: "swatch " + colour(run), "aria-hidden": "true" });
}

// A chart is drawn as wide as its place is, so that its letters keep their size.
function framed(title, about, controls, drawing) {
  const place = make("div", { class: "drawing" });
  let drawn = 0;
  const redraw = () => {
    const width = drawn || 600;
    place.replaceChildren(drawing({ width, labels: Math.min(176, Math.round(width * 0.34)) }));
  };
  redraw();
  new ResizeObserver(() => {
    const width = Math.min(900, Math.max(300, Math.round(place.clientWidth)));
    if (!place.clientWidth || Math.abs(width - drawn) < 20) return;
    drawn = width;
    redraw();
  }).observe(place);
  const made = make("div", { class: "chart" }, make("h2", {}, title), make("p", { class: "quiet" }, about));
  if (controls) made.append(make("div", { class: "bar" }, controls(redraw)));
  made.append(place);
  return made;
}

function barsChart(lines, all) {
  const about =
    "Each benchmark as a share of its scale. Whiskers: 95 % interval; dashed: bounds where samples are ungraded; diamond: published. A name opens its samples.";
  const hidden = new Set();
  const shownRuns = () => all.filter((run) => !hidden.has(run));
  const controls = (redraw) =>
    all.map((run) => {
      const box = make("input", {
        type: "checkbox",
        checked: true,
        onchange: () => {
          box.checked ? hidden.delete(run) : hidden.add(run);
          redraw();
        },
      });
      return make("label", {}, box, swatch(run), runs[run].name);
    });
  return framed("Scores by family", about, controls, (size) => bars(lines, shownRuns(), size));
}

function differenceChart(lines) {
  const about =
    "Points between two runs, with 95 % intervals. Runs that graded the same samples are paired, sample by sample. Hollow dots: not the same samples, so the runs are taken as independent, and the intervals are wider. Grey: zero is within.";
  const names = runs.map((run, place) => [place, run.name]);
  let before = 0,
    after = 1;
  const controls = (redraw) => [
    labelled(
      "difference",
      choice(names, after, (value) => {
        after = Number(value);
        redraw();
      }),
    ),
    labelled(
      "minus",
      choice(names, before, (value) => {
        before = Number(value);
        redraw();
      }),
    ),
  ];
  return framed("Difference", about, controls, (size) => differences(lines, before, after, size));
}

function costChart(lines, all) {
  let what = "tokens";
  const controls = (redraw) => [
    ...(runs.length > 1 ? all.map((run) => make("span", { class: "quiet" }, swatch(run), runs[run].name)) : []),
    labelled(
      "an answer's",
      choice(
        [
          ["tokens", "tokens"],
          ["seconds", "seconds"],
        ],
        what,
        (value) => {
          what = value;
          redraw();
        },
      ),
    ),
  ];
  const about =
    "A dot a benchmark and run; further up is better, further left is cheaper. Seconds count from asking to the answer, in its batch. Lines join a benchmark's runs.";
  return framed("Score against cost", about, controls, (size) => costs(lines, all, what, size));
}

function notes() {
  const list = (own) => own.map((note) => make("li", {}, note));
  const count = data.missing.length;
  const missing = make(
    "details",
    {},
    make("summary", {}, `No questions and images of ${count === 1 ? "1 benchmark" : `${count} benchmarks`}: why`),
    make("ul", { class: "notes" }, list(data.missing)),
  );
  return make("div", {}, make("ul", { class: "notes" }, list(data.notes)), count ? missing : null);
}
