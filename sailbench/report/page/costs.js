// The chart of scores against what an answer costs: a dot a benchmark and run, on a logarithmic scale.

const HEIGHT = 320,
  UNITS = { tokens: "answer tokens a sample", seconds: "seconds a sample" };

function costs(lines, chosen, what, size) {
  const dots = chosen
    .flatMap((run) => lines.map((line) => ({ line, run, cell: line.cells[run] })))
    .filter(({ cell }) => cell && cell.value !== null && cell[what] > 0);
  if (!dots.length) return make("p", { class: "quiet" }, `No answer's ${what} are on record.`);
  const values = dots.map(({ cell }) => cell[what]);
  const [low, high] = [Math.log10(Math.min(...values)) - 0.15, Math.log10(Math.max(...values)) + 0.15];
  const along = scaled(low, high, 52, size.width - 16);
  const x = (value) => along(Math.log10(value)),
    y = scaled(0, 100, HEIGHT - 40, 18);
  const svg = canvas(size, HEIGHT, `Score against ${what} an answer`);
  costGrid(svg, low, high, x, y);
  svg.append(
    draw("text", { x: (52 + size.width) / 2, y: HEIGHT - 6, class: "quiet", "text-anchor": "middle" }, UNITS[what]),
  );
  const placed = dots.map((dot) => ({ ...dot, at: [x(dot.cell[what]), y(share(dot.cell, dot.cell.value))] }));
  svg.append(...joined(lines, placed), ...placed.map((dot) => costDot(dot, what)), ...costNames(placed, size));
  return svg;
}

// Ticks at 1, 2 and 5 of each power of ten, or at the powers alone where those would stand too close.
function costGrid(svg, low, high, x, y) {
  const steps = high - low > 3 ? [1] : [1, 2, 5];
  for (let power = Math.floor(low); power <= high; power++)
    for (const tick of steps.map((step) => step * 10 ** power)) {
      if (Math.log10(tick) < low || Math.log10(tick) > high) continue;
      svg.append(draw("line", { x1: x(tick), x2: x(tick), y1: y(0), y2: y(100), class: "grid" }));
      const label = String(Number(tick.toPrecision(1)));
      svg.append(draw("text", { x: x(tick), y: y(0) + 16, class: "quiet", "text-anchor": "middle" }, label));
    }
  for (const tick of [0, 25, 50, 75, 100]) {
    const [from, to] = [x(10 ** low), x(10 ** high)];
    svg.append(draw("line", { x1: from, x2: to, y1: y(tick), y2: y(tick), class: "grid" }));
    svg.append(draw("text", { x: from - 8, y: y(tick) + 4, class: "quiet", "text-anchor": "end" }, tick + " %"));
  }
}

function joined(lines, placed) {
  return lines
    .map((line) => placed.filter((dot) => dot.line === line))
    .filter((own) => own.length > 1)
    .map((own) => draw("path", { d: "M" + own.map(({ at }) => at.join(" ")).join("L"), class: "joint" }));
}

function costDot({ line, run, cell, at }, what) {
  const words = `${runs[run].name}, ${line.label}: ${shown(cell)} at ${fixed(cell[what], 2)} ${UNITS[what]}`;
  const dot = { cx: at[0], cy: at[1], r: 5, class: colour(run), "fill-opacity": 0.7 };
  return draw("circle", dot, draw("title", {}, words));
}

// A benchmark is named beside its lowest dot where there is room; the others are named when they are pointed at.
function costNames(placed, size) {
  const taken = placed.map(({ at: [x, y] }) => [x - 6, y - 6, x + 6, y + 6]);
  const clear = (box) => taken.every((own) => box[2] < own[0] || box[0] > own[2] || box[3] < own[1] || box[1] > own[3]);
  const names = [];
  for (const { line, at } of [...placed].sort((a, b) => b.at[1] - a.at[1])) {
    if (names.some((own) => own.line === line)) continue;
    const [x, y] = at,
      wide = line.label.length * 6 + 4;
    const spots = [
      [x + 9, y + 4, "start", x + 8],
      [x - 9, y + 4, "end", x - 8 - wide],
      [x, y + 18, "middle", x - wide / 2],
      [x, y - 10, "middle", x - wide / 2],
    ];
    const spot = spots.find(([, base, , left]) => {
      const box = [left, base - 9, left + wide, base + 2];
      return left > 52 && left + wide < size.width && base < HEIGHT - 42 && base > 10 && clear(box);
    });
    if (!spot) continue;
    const [at_, base, anchor, left] = spot;
    taken.push([left, base - 9, left + wide, base + 2]);
    names.push({ line, node: draw("text", { x: at_, y: base, class: "quiet", "text-anchor": anchor }, line.label) });
  }
  return names.map((own) => own.node);
}
