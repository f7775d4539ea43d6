// The charts, drawn as SVG from the overview's numbers. Everything in them is in the table as well.

const RIGHT = 60,
  ROW = 13,
  TOP = 26;

// Benchmarks are on their own scales (MME's is 2800): charts show each as a share of it.
const share = (cell, value) => (value === null || value === undefined ? null : (100 * value) / cell.scale);

function headlines() {
  return data.sections.flatMap((section) =>
    section.lines
      .filter((line) => !line.inner && line.row === line.task)
      .map((line) => ({ ...line, family: section.title })),
  );
}

function scaled(low, high, from, to) {
  return (value) => from + ((value - low) / (high - low)) * (to - from);
}

function canvas({ width }, height, label) {
  return draw("svg", { viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": label });
}

function gridlines(svg, ticks, x, top, bottom, words) {
  for (const tick of ticks) {
    svg.append(draw("line", { x1: x(tick), x2: x(tick), y1: top, y2: bottom, class: tick === 0 ? "zero" : "grid" }));
    svg.append(draw("text", { x: x(tick), y: top - 6, class: "quiet", "text-anchor": "middle" }, words(tick)));
  }
}

function taskLabel(line, y, { labels }) {
  const most = Math.floor((labels - 10) / 6.4);
  const text = line.label.length > most ? line.label.slice(0, most - 1) + "…" : line.label;
  const label = draw("text", { x: labels - 10, y, "text-anchor": "end" }, text, draw("title", {}, line.title));
  if (line.family === "Means") return label;
  return draw("a", { href: address(line.task), "aria-label": `${line.label}: its samples` }, label);
}

function whisker(x1, x2, y, kind = "whisker") {
  const size = 3;
  return draw("path", {
    d: `M${x1} ${y - size}V${y + size}M${x1} ${y}H${x2}M${x2} ${y - size}V${y + size}`,
    class: kind,
  });
}

// Bars with error bars by family, a bar a run; a diamond is the published score, a dashed line the bounds.
function bars(lines, chosen, size) {
  const rowHeight = chosen.length * ROW + 9;
  const families = new Set(lines.map((line) => line.family)).size;
  const height = TOP + families * 24 + lines.length * rowHeight + 8;
  const svg = canvas(size, height, "Scores of each benchmark as a share of its scale, with 95 % intervals");
  const x = scaled(0, 100, size.labels, size.width - RIGHT);
  gridlines(svg, [0, 25, 50, 75, 100], x, TOP, height - 4, (tick) => tick + " %");
  let y = TOP,
    family = "";
  for (const line of lines) {
    if (line.family !== family) {
      family = line.family;
      svg.append(draw("text", { x: 0, y: y + 18, class: "family" }, family));
      y += 24;
    }
    svg.append(taskLabel(line, y + rowHeight / 2 + 1, size));
    chosen.forEach((run, place) => bar(svg, line, run, y + 3 + place * ROW, x));
    y += rowHeight;
  }
  return svg;
}

function bar(svg, line, run, y, x) {
  const cell = line.cells[run];
  if (!cell || cell.value === null) {
    svg.append(
      draw(
        "text",
        { x: x(0) + 4, y: y + ROW - 3, class: "quiet" },
        cell && !cell.rows ? "- (nothing graded)" : shown(cell),
      ),
    );
    return;
  }
  const middle = y + (ROW - 2) / 2,
    end = x(Math.min(100, Math.max(0, share(cell, cell.value))));
  const words = `${runs[run].name}, ${line.label}: ${shown(cell)}, n ${counted(cell)}`;
  const group = draw("g", {}, draw("title", {}, words));
  group.append(
    draw("rect", {
      x: x(0),
      y,
      width: Math.max(1, end - x(0)),
      height: ROW - 2,
      rx: 2,
      class: colour(run),
    }),
  );
  if (cell.bounds)
    group.append(
      whisker(x(share(cell, cell.bounds[0])), x(share(cell, cell.bounds[1])), middle, "bound " + colour(run)),
    );
  const ends = cell.interval ?? (cell.half === null ? null : [cell.value - cell.half, cell.value + cell.half]);
  if (ends) group.append(whisker(x(share(cell, ends[0])), x(share(cell, ends[1])), middle));
  if (cell.published !== null)
    group.append(diamond(x(share(cell, cell.published)), middle, `published: ${fixed(cell.published)}`));
  group.append(
    draw("text", { x: x(100) + 8, y: y + ROW - 3, class: "quiet" }, fixed(cell.value) + (cell.ungraded ? " ?" : "")),
  );
  svg.append(group);
}

function diamond(x, y, words) {
  return draw(
    "path",
    { d: `M${x - 4} ${y}L${x} ${y - 5}L${x + 4} ${y}L${x} ${y + 5}Z`, class: "published" },
    draw("title", {}, words),
  );
}

// The difference of two runs a benchmark, largest gain first. Runs that graded the same samples are paired; others are
// taken as independent, which makes their intervals wider.
function differences(lines, before, after, size) {
  const own = lines.map((line) => difference(line, before, after)).filter((one) => one !== null);
  own.sort((a, b) => b.by - a.by);
  if (!own.length) return make("p", { class: "quiet" }, "These two have no benchmark in common.");
  const reach = Math.max(1, ...own.flatMap((one) => [one.by, ...(one.ends ?? [])]).map(Math.abs));
  const height = TOP + own.length * 20 + 8,
    x = scaled(-reach, reach, size.labels, size.width - RIGHT);
  const svg = canvas(size, height, `${runs[after].name} minus ${runs[before].name} a benchmark`);
  const step = [0.5, 1, 2, 5, 10, 20, 50, 100].find((own) => reach / own <= size.width / 150) ?? 100;
  const ticks = [];
  for (let tick = -Math.floor(reach / step) * step; tick <= reach; tick += step) ticks.push(tick);
  gridlines(svg, ticks, x, TOP, height - 4, (tick) => (tick ? signed(tick, tick % 1 ? 1 : 0) : "0"));
  own.forEach((one, place) => svg.append(...differenceRow(one, TOP + place * 20 + 12, x, size)));
  return svg;
}

function difference(line, before, after) {
  const first = line.cells[before],
    second = line.cells[after];
  if (!first || !second || first.value === null || second.value === null) return null;
  const own = data.pairs[line.task] ?? {};
  const turned = own[`${after},${before}`];
  const [by, ...ends] = own[`${before},${after}`] ?? (turned ? [-turned[0], -turned[2], -turned[1]] : []);
  if (by !== undefined) return { line, by, ends, paired: true };
  const known = first.stderr !== null && second.stderr !== null;
  const apart = share(first, second.value - first.value);
  const half = known ? share(first, 1.959964 * Math.hypot(first.stderr, second.stderr)) : null;
  return { line, by: apart, ends: known ? [apart - half, apart + half] : null, paired: false };
}

function differenceRow({ line, by, ends, paired }, y, x, size) {
  const good = line.higher ? by : -by;
  const sure = ends !== null && (ends[0] > 0 || ends[1] < 0);
  const kind = !sure ? "even" : good > 0 ? "up" : "down";
  const interval = ends === null ? "" : ` (95 %: ${signed(ends[0])} to ${signed(ends[1])})`;
  const words = `${line.label}: ${signed(by)} points${interval}, ${paired ? "paired" : "not paired"}`;
  const group = draw("g", {}, draw("title", {}, words));
  if (ends !== null) group.append(whisker(x(ends[0]), x(ends[1]), y, kind));
  group.append(draw("circle", { cx: x(by), cy: y, r: 4, class: paired ? kind : `${kind} unpaired` }));
  const number = draw("text", { x: size.width - RIGHT + 8, y: y + 4, class: "quiet" }, signed(by));
  return [taskLabel(line, y + 4, size), group, number];
}
