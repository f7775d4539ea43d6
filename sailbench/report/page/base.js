// What the other parts stand on: making elements, the data, words for numbers, and where the page is (its hash).

const page = document.getElementById.bind(document);
const parsed = new Map();

// Data blocks are parsed when they are first needed: opening the page costs only the overview.
function block(id) {
  if (!parsed.has(id)) parsed.set(id, JSON.parse(page(id).textContent));
  return parsed.get(id);
}

const data = block("data");
const runs = data.runs;

// Text goes in as text nodes and attributes by name; no markup is ever read from data.
function make(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  return filled(made, attributes, children);
}

function draw(tag, attributes = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  return filled(made, attributes, children);
}

function filled(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (typeof value !== "boolean" || name.startsWith("aria-")) made.setAttribute(name, String(value));
    else made.toggleAttribute(name, value);
  }
  const there = children.flat().filter((child) => child !== null && child !== undefined && child !== "");
  made.append(...there.map((child) => (typeof child === "string" ? visible(child) : child)));
  return made;
}

// What would be obeyed or not seen is shown: control characters by their pictures, marks that turn text by their names.
function visible(text) {
  return text
    .replace(/[\u0000-\u0008\u000b-\u001f]/g, (mark) => String.fromCharCode(0x2400 + mark.charCodeAt(0)))
    .replace(
      /[\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
      (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, "0")}`,
    );
}

function labelled(text, control) {
  return make("label", {}, text, control);
}

function choice(options, chosen, change) {
  const made = make("select", { onchange: () => change(made.value) });
  for (const [value, text] of options)
    made.append(make("option", { value, selected: String(value) === String(chosen) }, text));
  return made;
}

const fixed = (value, digits = 2) => (value === null || value === undefined ? "-" : value.toFixed(digits));
const signed = (value, digits = 2) => (value > 0 ? "+" : "") + value.toFixed(digits).replace("-", "\u2212");
const whole = (value) => Math.round(value).toLocaleString("en");
const colour = (run) => `fill-${run % 8}`;

function shown(cell) {
  if (!cell || cell.value === null) return cell && cell.rows ? `- (${cell.n} of ${cell.total})` : "-";
  const half = cell.half === null ? "" : ` ± ${fixed(cell.half, 1)}`;
  const bounds = !cell.ungraded
    ? ""
    : cell.bounds
      ? ` within ${fixed(cell.bounds[0], 1)} to ${fixed(cell.bounds[1], 1)}`
      : " within ?";
  return fixed(cell.value) + half + bounds;
}

function counted(cell) {
  if (!cell) return "-";
  if (cell.rows) return `${cell.n} of ${cell.total} rows`;
  return cell.n === cell.total ? whole(cell.n) : `${whole(cell.n)} of ${whole(cell.total)}`;
}

// The hash is "#overview", "#table", "#samples", "#task" or "#task/id", each part encoded.
function address(task, id) {
  return "#" + encodeURIComponent(task) + (id === undefined ? "" : "/" + encodeURIComponent(id));
}

function addressed() {
  const parts = location.hash
    .slice(1)
    .split("/", 2)
    .map((part) => {
      try {
        return decodeURIComponent(part);
      } catch {
        return part;
      }
    });
  const [first, id] = parts;
  if (id === undefined && ["overview", "table", "samples"].includes(first)) return { view: first };
  const task = data.tasks.findIndex((own) => own.task === first);
  if (task < 0) return { view: "overview" };
  return { view: "samples", task, id };
}
