// The table: means above, benchmarks below, sorted by any column and filtered by words or family.

const order = { column: null, down: true };
const wanted = { words: "", family: "", places: false, costs: false };

function columns() {
  const found = [
    { title: "benchmark", words: true, of: (line) => line.label, node: (line) => nameNode(line) },
    { title: "family", words: true, of: (line) => line.family, node: (line) => line.family },
  ];
  if (alike()) found.push({ title: "n", of: (line) => first(line)?.n ?? null, node: lineCount });
  runs.forEach((run, place) => found.push(...runColumns(run, place)));
  return found;
}

const first = (line) => line.cells.find((cell) => cell);
const counts = (line) => [...new Set(line.cells.filter((cell) => cell).map(counted))];
const lineCount = (line) => (first(line)?.rows ? `${first(line).total} rows` : counts(line).join(" / ") || "-");

// Whether every benchmark counts as many samples in all runs that have it: then one column says how many. Means do not
// tell against it, for where one lacks rows its own cell says so; nor do categories, which show each count.
function alike() {
  return data.sections.every((section) =>
    section.lines.every((line) => line.inner || section.title === "Means" || counts(line).length < 2),
  );
}

function runColumns(run, place) {
  const published = data.sections.some((section) =>
    section.lines.some((line) => line.cells[place] && line.cells[place].published !== null),
  );
  const cell = (line) => line.cells[place];
  const found = [
    { title: run.name, run: place, of: (line) => cell(line)?.value ?? null, node: (line) => shownNode(cell(line)) },
  ];
  if (!alike()) found.push({ title: "n", of: (line) => cell(line)?.n ?? null, node: (line) => counted(cell(line)) });
  if (wanted.costs)
    for (const what of ["tokens", "seconds"])
      found.push({
        title: what,
        of: (line) => cell(line)?.[what] ?? null,
        node: (line) => (line.inner || cell(line)?.rows ? "" : fixed(cell(line)?.[what], what === "tokens" ? 1 : 2)),
      });
  if (!published) return found;
  const by = (line) =>
    cell(line) && cell(line).published !== null && cell(line).value !== null
      ? cell(line).value - cell(line).published
      : null;
  return [
    ...found,
    {
      title: "published",
      of: (line) => cell(line)?.published ?? null,
      node: (line) => make("span", { title: cell(line)?.source }, fixed(cell(line)?.published)),
    },
    {
      title: "difference",
      of: by,
      node: (line) =>
        by(line) === null ? "-" : make("span", {}, signed(by(line)), " ", make("sup", {}, cell(line).marks)),
    },
  ];
}

function shownNode(cell) {
  const [number, bounds] = shown(cell).split(" within ");
  return make("span", {}, number, bounds ? make("span", { class: "quiet bounds" }, ` within ${bounds}`) : "");
}

function nameNode(line) {
  return line.family === "Means" ? line.label : make("a", { href: address(line.task), title: line.title }, line.label);
}

function tableView() {
  const families = [
    ["", "all families"],
    ...data.sections.filter((section) => section.title !== "Means").map((section) => [section.title, section.title]),
  ];
  const words = make("input", {
    type: "search",
    id: "table-words",
    placeholder: "filter benchmarks",
    "aria-label": "filter benchmarks",
    oninput: () => {
      wanted.words = words.value.toLowerCase();
      rows();
    },
  });
  const controls = make(
    "div",
    { class: "bar" },
    words,
    named(
      choice(families, "", (value) => {
        wanted.family = value;
        rows();
      }),
      "family",
      "table-family",
    ),
    ticked("places", "with categories", rows),
    ticked("costs", "with tokens and seconds a sample", () => {
      order.column = null;
      page("benchmarks").parentNode.replaceWith(wholeTable());
      rows();
    }),
    make("output", { id: "table-count", class: "quiet" }),
  );
  page("view-table").replaceChildren(controls, wholeTable(), notes());
  rows();
}

function ticked(name, words, act) {
  const box = make("input", {
    type: "checkbox",
    id: `table-${name}`,
    onchange: () => {
      wanted[name] = box.checked;
      act();
    },
  });
  return make("label", {}, box, words);
}

function wholeTable() {
  const heads = columns().map((column, place) =>
    make(
      "th",
      { scope: "col", class: column.words ? "words" : null, "data-column": place, "aria-sort": "none" },
      make("button", { onclick: () => sortBy(place) }, column.title),
    ),
  );
  const means = data.sections
    .filter((section) => section.title === "Means")
    .flatMap((section) => section.lines.map((line) => ({ ...line, family: "Means" })));
  const bodies = [make("tbody", { class: "means" }, means.map(rowOf)), make("tbody", { id: "rows" })];
  return make(
    "div",
    { class: "frame", tabindex: 0, role: "region", "aria-label": "benchmarks" },
    make("table", { id: "benchmarks" }, make("thead", {}, make("tr", {}, heads)), bodies),
  );
}

function sortBy(column) {
  order.down = order.column === column ? !order.down : !columns()[column].words;
  order.column = column;
  rows();
}

function rows() {
  const groups = grouped();
  if (order.column !== null) groups.sort(byColumn(columns()[order.column]));
  const lines = groups.flatMap((group) => (wanted.places ? [group.head, ...group.inner] : [group.head]));
  page("rows").replaceChildren(...(lines.length ? lines.map(rowOf) : [emptyRow()]));
  page("table-count").textContent = `${groups.length} ${groups.length === 1 ? "benchmark" : "benchmarks"}`;
  for (const head of page("benchmarks").querySelectorAll("th")) {
    const own = Number(head.dataset.column) === order.column;
    head.setAttribute("aria-sort", own ? (order.down ? "descending" : "ascending") : "none");
    head.firstChild.textContent = columns()[head.dataset.column].title + (own ? (order.down ? " ▾" : " ▴") : "");
  }
}

// Categories stay below their benchmark, however it is sorted.
function grouped() {
  const found = [];
  for (const section of data.sections) {
    if (section.title === "Means") continue;
    for (const line of section.lines.map((own) => ({ ...own, family: section.title }))) {
      if (line.inner) found.at(-1)?.inner.push(line);
      else found.push({ head: line, inner: [] });
    }
  }
  const fits = ({ head }) =>
    `${head.label} ${head.title}`.toLowerCase().includes(wanted.words) &&
    (!wanted.family || head.family === wanted.family);
  return found.filter(fits);
}

// Missing numbers come last, whichever way the rows are sorted.
function byColumn(column) {
  const turn = order.down ? -1 : 1;
  return ({ head: a }, { head: b }) => {
    const [left, right] = [column.of(a), column.of(b)];
    if (left === null || right === null) return (left === null) - (right === null);
    return turn * (column.words ? left.localeCompare(right) : left - right);
  };
}

function emptyRow() {
  return make("tr", {}, make("td", { colspan: columns().length, class: "quiet" }, "No benchmark fits the filter."));
}

function rowOf(line) {
  return make(
    "tr",
    { class: line.inner ? "inner" : null },
    columns().map((column) => make("td", { class: column.words ? "words" : null }, column.node(line))),
  );
}
