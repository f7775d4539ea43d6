// The first view: a card a run, then the charts with what can be chosen for each.

function overview() {
  const lines = headlines(),
    tasks = lines.filter((line) => line.family !== "Means"),
    all = runs.map((_, run) => run);
  const parts = [make("div", { class: "cards" }, runs.map(card))];
  const charts = make("div", { class: "charts" }, barsChart(lines, all));
  const others = make("div", { class: "charts" });
  if (runs.length > 1) others.append(differenceChart(tasks));
  others.append(costChart(tasks, all));
  charts.append(others);
  parts.push(charts, notes());
  page("view-overview").replaceChildren(...parts);
}

function card(run, place) {
  const means = data.sections.filter((section) => section.title === "Means").flatMap((section) => section.lines);
  const facts = [
    ...means.filter((line) => line.cells[place]).map((line) => [line.label, meanShown(line.cells[place])]),
    ["benchmarks", whole(run.tasks)],
    ["graded", whole(run.n)],
    ["ungraded", run.ungraded ? whole(run.ungraded) : "none"],
    ["unparsed, truncated", `${whole(run.unparsed)}, ${whole(run.truncated)}`],
    ["tokens in, out", `${whole(run.tokens_in)}, ${whole(run.tokens_out)}`],
    ["seconds of answering", whole(run.seconds)],
    ["engine", run.engine],
    ["hardware", run.hardware],
    ["date", run.date],
  ].filter(([, value]) => value);
  const list = make(
    "dl",
    {},
    facts.flatMap(([name, value]) => [
      make("dt", {}, name),
      make("dd", { class: name === "ungraded" && run.ungraded ? "wrong" : "" }, value),
    ]),
  );
  return make(
    "div",
    { class: "card" },
    make("div", { class: "name" }, make("span", { class: "swatch " + colour(place) }), run.name),
    list,
  );
}

function meanShown(cell) {
  return cell.value === null ? shown(cell) : `${shown(cell)} (${cell.n} of ${cell.total})`;
}

function framed(title, about, controls, drawing) {
  const place = make("div");
  const redraw = () => place.replaceChildren(drawing());
  redraw();
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
      return make("label", {}, box, make("span", { class: "swatch " + colour(run) }), runs[run].name);
    });
  return framed("Scores by family", about, controls, () => bars(lines, shownRuns()));
}

function differenceChart(lines) {
  const about =
    "Points between two runs, with 95 % intervals. Runs that graded the same samples are paired, sample by sample. Hollow dots: not the same samples, so the runs are taken as independent, and the intervals are wider. Grey: zero is within.";
  const names = runs.map((run, place) => [place, run.name]);
  let before = 0,
    after = 1;
  const controls = (redraw) => [
    labelled(
      "",
      choice(names, after, (value) => {
        after = Number(value);
        redraw();
      }),
    ),
    "minus",
    labelled(
      "",
      choice(names, before, (value) => {
        before = Number(value);
        redraw();
      }),
    ),
  ];
  return framed("Difference", about, controls, () => differences(lines, before, after));
}

function costChart(lines, all) {
  let what = "tokens";
  const controls = (redraw) => [
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
  return framed("Score against cost", "A dot a benchmark and run; further left is cheaper.", controls, () =>
    costs(lines, all, what),
  );
}

function notes() {
  return make(
    "ul",
    { class: "notes" },
    data.notes.map((note) => make("li", {}, note)),
  );
}
