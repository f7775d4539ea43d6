// The browser's left side: filters, and a list that draws only what is in sight.

const ITEM = 44,
  BEYOND = 6,
  ABSENT = -1;
const filters = { task: "", verdict: "all", run: 0, other: Math.min(1, runs.length - 1), words: "" };
const browser = { found: [], at: -1 };

const VERDICTS = [
  ["all", "all verdicts"],
  ["right", "right"],
  ["wrong", "wrong"],
  ["partly", "partly right"],
  ["ungraded", "ungraded"],
  ["unparsed", "unparsed"],
  ["truncated", "truncated"],
  ["flipped", "flipped between the two"],
  ["gained", "wrong, then right"],
  ["lost", "right, then wrong"],
];

function verdictOf(value) {
  if (value === ABSENT) return "absent";
  if (value === null) return "ungraded";
  return value >= 1 ? "right" : value <= 0 ? "wrong" : "partly";
}

const SIGNS = { right: "✓", wrong: "✗", partly: "◐", ungraded: "?", absent: "·" };

function samplesView() {
  const tasks = [["", "all benchmarks"], ...data.tasks.map((task) => [task.task, task.task])];
  const names = runs.map((run, place) => [place, run.name]);
  const verdicts = runs.length > 1 ? VERDICTS : VERDICTS.slice(0, 7);
  const set = (name, number) => (value) => {
    filters[name] = number ? Number(value) : value;
    refilter();
  };
  const words = make("input", {
    type: "search",
    id: "sample-words",
    class: "wide",
    placeholder: "search ids, questions, answers",
    "aria-label": "search samples",
    oninput: () => {
      filters.words = words.value.toLowerCase();
      later(refilter);
    },
  });
  const form = make(
    "form",
    { onsubmit: (event) => event.preventDefault() },
    named(choice(tasks, filters.task, set("task")), "benchmark", "sample-task"),
    named(choice(verdicts, filters.verdict, set("verdict")), "verdict", "sample-verdict"),
  );
  if (runs.length > 1)
    form.append(
      labelled("verdict of", named(choice(names, filters.run, set("run", true)), "verdict of", "sample-run")),
      labelled("against", named(choice(names, filters.other, set("other", true)), "against", "sample-other")),
    );
  form.append(words);
  const list = make(
    "div",
    {
      class: "list",
      id: "list",
      role: "listbox",
      tabindex: 0,
      "aria-label": "samples",
      onscroll: () => requestAnimationFrame(drawList),
      onkeydown: listKey,
    },
    make("div", { class: "sizer" }),
  );
  const legend = make(
    "span",
    { class: "marks", title: "a column of marks a run" },
    runs.length > 1 ? runs.map(marked) : [],
  );
  const top = make("div", { class: "count quiet" }, make("output", { id: "sample-count" }), legend);
  const side = make("div", { class: "side" }, form, top, list);
  page("view-samples").replaceChildren(side, make("div", { class: "detail", id: "detail", tabindex: -1 }));
  new ResizeObserver(drawList).observe(list);
  refilter();
}

function marked(run, place) {
  const own = swatch(place);
  own.title = run.name;
  return own;
}

function named(control, label, id) {
  control.setAttribute("aria-label", label);
  control.id = id;
  return control;
}

let waiting = 0;
function later(act) {
  clearTimeout(waiting);
  waiting = setTimeout(act, 120);
}

function refilter() {
  const current = browser.found[browser.at];
  const found = [];
  data.tasks.forEach((task, number) => {
    if (filters.task && task.task !== filters.task) return;
    task.ids.forEach((id, place) => {
      if (fits(task, number, place)) found.push([number, place]);
    });
  });
  browser.found = found;
  browser.at = current ? found.findIndex(([task, place]) => task === current[0] && place === current[1]) : -1;
  page("sample-count").textContent =
    `${whole(found.length)} of ${whole(data.tasks.reduce((sum, task) => sum + task.ids.length, 0))} samples`;
  page("list").firstChild.style.height = `${found.length * ITEM}px`;
  if (browser.at >= 0) reveal();
  else page("list").scrollTop = 0;
  drawList();
}

function fits(task, number, place) {
  const value = task.values[filters.run][place],
    other = task.values[filters.other][place];
  if (!judged(value, other, task.flags[filters.run][place])) return false;
  return (
    !filters.words || `${task.task}/${task.ids[place]}`.toLowerCase().includes(filters.words) || says(number, place)
  );
}

function judged(value, other, flags) {
  const both = typeof value === "number" && typeof other === "number" && value !== ABSENT && other !== ABSENT;
  switch (filters.verdict) {
    case "all":
      return true;
    case "unparsed":
      return flags.includes("u");
    case "truncated":
      return flags.includes("t");
    case "flipped":
      return both && value !== other;
    case "gained":
      return both && other > value;
    case "lost":
      return both && other < value;
    default:
      return verdictOf(value) === filters.verdict;
  }
}

// What can be searched of a task's samples, put together once: at the first search.
const searched = new Map();

function says(number, place) {
  if (!searched.has(number)) {
    const texts = block(`task-${number}`);
    searched.set(
      number,
      texts.inputs.map((asked, own) =>
        everything(
          asked,
          texts.answers.map((run) => run[own]),
        ),
      ),
    );
  }
  return searched.get(number)[place].includes(filters.words);
}

function everything(asked, answers) {
  const said = answers.flatMap((own) => (own ? [...(own.text ?? []), String(own.read ?? "")] : []));
  return [...(asked ? [asked.question, ...asked.prompt] : []), ...new Set(said)].join("\n").toLowerCase();
}

function drawList() {
  const list = page("list"),
    sizer = list.firstChild;
  const first = Math.max(0, Math.floor(list.scrollTop / ITEM) - BEYOND);
  const last = Math.min(browser.found.length, Math.ceil((list.scrollTop + list.clientHeight) / ITEM) + BEYOND);
  const kept = new Map([...sizer.children].map((own) => [own.dataset.state, own]));
  const items = [];
  for (let at = first; at < last; at++) items.push(kept.get(state(at)) ?? item(at));
  if (!items.length) items.push(nothing());
  for (const own of [...sizer.children]) if (!items.includes(own)) own.remove();
  items.forEach((own, place) => {
    if (own !== sizer.children[place]) sizer.insertBefore(own, sizer.children[place] ?? null);
  });
  list.setAttribute("aria-activedescendant", browser.at >= first && browser.at < last ? `item-${browser.at}` : "");
}

function nothing() {
  const all = make("button", { onclick: () => unfilter("") }, "show all samples");
  return make("p", { class: "nothing quiet" }, "No sample fits these filters. ", all);
}

// What an item's looks hang on: one that stays in sight while the list is scrolled is not made anew.
function state(at) {
  return `${at} ${browser.found[at].join(" ")} ${at === browser.at} ${browser.found.length} ${filters.task}`;
}

function item(at) {
  const [number, place] = browser.found[at],
    task = data.tasks[number];
  const marks = runs.map((run, own) => verdictMark(task.values[own][place], run.name));
  const name = filters.task ? task.ids[place] : `${task.task}/${task.ids[place]}`;
  const made = make(
    "div",
    {
      class: "item",
      id: `item-${at}`,
      role: "option",
      "aria-selected": at === browser.at,
      "aria-setsize": browser.found.length,
      "aria-posinset": at + 1,
      onclick: () => select(at),
    },
    make("div", { class: "top" }, make("span", { class: "id" }, name), make("span", { class: "marks" }, marks)),
    make("div", { class: "snippet" }, snippet(number, place)),
  );
  made.dataset.state = state(at);
  made.style.transform = `translateY(${at * ITEM}px)`;
  return made;
}

function verdictMark(value, name) {
  const verdict = verdictOf(value);
  return make(
    "span",
    { class: verdict, title: `${name}: ${verdict}`, "aria-label": `${name}: ${verdict}` },
    SIGNS[verdict],
  );
}

function snippet(number, place) {
  const texts = block(`task-${number}`),
    asked = texts.inputs[place];
  const answer = texts.answers.map((own) => own[place]).find((own) => own && own.text);
  return (asked ? asked.question : answer ? answer.text.join(" ") : "").slice(0, 120);
}

function listKey(event) {
  const page_ = Math.max(1, Math.floor(event.currentTarget.clientHeight / ITEM) - 1),
    last = browser.found.length - 1;
  const to = {
    ArrowDown: browser.at + 1,
    ArrowUp: browser.at - 1,
    PageDown: browser.at + page_,
    PageUp: browser.at - page_,
    Home: 0,
    End: last,
  }[event.key];
  if (to === undefined || last < 0) return;
  event.preventDefault();
  select(Math.min(last, Math.max(0, to)));
}

// A selected sample is the page's address, so that it can be sent to somebody; going through a list leaves no trail.
function select(at) {
  browser.at = at;
  const [number, place] = browser.found[at];
  history.replaceState(null, "", address(data.tasks[number].task, data.tasks[number].ids[place]));
  const listed = document.activeElement === page("list");
  page("view-samples").dataset.open = "";
  reveal();
  drawList();
  detail(number, place);
  // In a narrow window the sample takes the list's place.
  if (listed && !page("list").clientHeight) page("detail").focus();
}

function backToList() {
  delete page("view-samples").dataset.open;
  reveal();
  drawList();
  page("list").focus();
}

// The next one comes in at the edge, one from afar in the middle.
function reveal() {
  const list = page("list"),
    top = browser.at * ITEM,
    seen = list.clientHeight;
  const above = list.scrollTop - top,
    below = top + ITEM - list.scrollTop - seen;
  if (above > ITEM || below > ITEM) list.scrollTop = top - (seen - ITEM) / 2;
  else if (above > 0) list.scrollTop = top;
  else if (below > 0) list.scrollTop = top + ITEM - seen;
}

// A deep link: the filters give way if they hide what it names.
function open(number, id) {
  const place = data.tasks[number].ids.indexOf(id);
  const among = () => browser.found.findIndex(([task, own]) => task === number && own === place);
  if (place >= 0 && among() < 0) unfilter("");
  if (place >= 0) select(among());
  else unfilter(data.tasks[number].task);
  if (place < 0) missing(data.tasks[number].task, id);
}

function unfilter(task) {
  Object.assign(filters, { task, verdict: "all", words: "" });
  delete page("view-samples").dataset.open;
  page("sample-task").value = task;
  page("sample-verdict").value = "all";
  page("sample-words").value = "";
  browser.at = -1;
  refilter();
}
